"""Around a run: its times are written down, and the figures for monitoring, also when it fails."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator

import duckdb

from pipelines.lock import BusyError
from pipelines.operations.metrics import write_metrics
from pipelines.operations.run_times import RunTimes, timed
from pipelines.settings import Home, Settings

_log = logging.getLogger(__name__)
_ERRORS = (OSError, ValueError, RuntimeError, LookupError, sqlite3.Error, duckdb.Error)


@contextlib.contextmanager
def watched(home: Home, settings: Settings) -> Iterator[RunTimes]:
    """What the block adds to `seconds` of the result is told as parts of the run. A run that finds
    another one busy did not take place, and leaves everything as it is."""
    try:
        with timed(home) as times:
            yield times
    except BusyError:
        raise
    except BaseException:
        _write(home, settings)
        raise
    _write(home, settings)


def _write(home: Home, settings: Settings) -> None:
    """Figures that cannot be written fail no run: monitoring sees that they grow old."""
    try:
        write_metrics(home, settings)
    except _ERRORS as error:
        _log.warning("The figures for monitoring were not written: %s", error)
