"""A child process that ingests the inbox of a home: `main([HOME, MEMORY])`, where DuckDB may hold
MEMORY. It tells the rows loaded and the most memory that it had, in bytes."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path

import connectors.core.spool
from tests.landing.making import TOOL, ingest


def main(arguments: Sequence[str]) -> None:
    connectors.core.spool.WORKING_MEMORY = arguments[1]
    result = ingest(Path(arguments[0]), TOOL)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(result.streams["deals"].counts["loaded"], peak)
