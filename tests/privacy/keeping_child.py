"""A child process in which what was kept long enough goes: `main([HOME])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.privacy.retention import keep
from pipelines.settings import Home, Settings
from tests.privacy.making import LATER


def main(arguments: Sequence[str]) -> None:
    keep(Home(Path(arguments[0])), Settings(), LATER, lambda _: None)
