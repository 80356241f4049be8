"""A child process, to be killed: `main(["record"])` records what the home has published,
`main(["together", FOLDER])` takes every four of the recorded together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.said.parts import take_together
from pipelines.said.recording import record_all
from pipelines.settings import home


def main(arguments: Sequence[str]) -> None:
    if arguments[0] == "record":
        record_all(home())
    else:
        take_together(Path(arguments[1]), 4)
