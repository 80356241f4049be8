"""A child process that ingests: `main([HOME])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.landing.making import LISTS, TOOL, ingest


def main(arguments: Sequence[str]) -> None:
    ingest(Path(arguments[0]), TOOL)
    ingest(Path(arguments[0]), LISTS)
