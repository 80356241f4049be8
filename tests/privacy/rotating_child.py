"""A child process that replaces the key: `main([HOME])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.privacy.rotation import rotate
from pipelines.settings import Home, Settings
from tests.privacy.making import fake_makers


def main(arguments: Sequence[str]) -> None:
    rotate(Home(Path(arguments[0])), Settings(), lambda _: None, fake_makers())
