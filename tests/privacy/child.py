"""A child process that forgets: `main([HOME, WORD...])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.privacy.erasing import forget
from pipelines.settings import Home, Settings
from tests.privacy.making import fake_makers


def main(arguments: Sequence[str]) -> None:
    home, *words = arguments
    word, *also = words
    forget(Home(Path(home)), Settings(), [word], also, makers=fake_makers())
