"""A child process that forgets, or ends an erasure that was begun: `main([HOME, WORD, ...])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.privacy.erasing import finish_left, forget
from pipelines.settings import Home, Settings
from tests.privacy.making import fake_makers


def main(arguments: Sequence[str]) -> None:
    home, word, *also = arguments
    at = Home(Path(home))
    if not finish_left(at, Settings(), lambda _: None, fake_makers()):
        forget(at, Settings(), [word], also, makers=fake_makers())
