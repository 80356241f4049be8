"""`main([])` is `koers run`, in a process group of its own, as cron starts it. After
`KOERS_DIE_AFTER` seconds it is killed, wherever it is then: the whole group, as when the machine
stops, or with `KOERS_DIE_ALONE` this process only, as when the system picks it for want of memory.
Where `KOERS_BUILT` names a warehouse, that is taken in place of what dbt would make; where
`KOERS_DBT_PROGRAM` names a program, that is run in place of dbt. `KOERS_VISITS` names a file that
gets how often each fail point was visited.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import alembic.command  # noqa: F401 - all that `koers run` imports, so that no child has to
import apprise  # noqa: F401
import dagster._core.assets
import dagster._core.storage.event_log
import dagster._daemon.controller  # noqa: F401
import dagster_dbt  # noqa: F401
import duckdb  # noqa: F401
import networkx as nx  # noqa: F401
import openpyxl  # noqa: F401
import pandas as pd  # noqa: F401

import pipelines.defs.everything
import pipelines.defs.runner
import pipelines.nightly
import pipelines.report.making
import pipelines.reporting
import pipelines.sample
import pipelines.summary  # noqa: F401
from connectors.core.discover import discover
from connectors.core.failpoints import REACHED
from pipelines.cli import app
from tests.faults.stand_in import instead_of_dbt, other_program

discover()


def main(arguments: Sequence[str]) -> None:
    os.setpgid(0, 0)
    if seconds := float(os.environ.get("KOERS_DIE_AFTER", 0)):
        timer = threading.Timer(seconds, _die)
        timer.daemon = True
        timer.start()
    if built := os.environ.get("KOERS_BUILT"):
        instead_of_dbt(Path(built))
    if program := os.environ.get("KOERS_DBT_PROGRAM"):
        other_program(program)
    # What a supervisor does: a run of its own, with the signals as they are by default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        app(["run", *arguments], standalone_mode=True, prog_name="koers")
    finally:
        if visits := os.environ.get("KOERS_VISITS"):
            Path(visits).write_text(json.dumps(REACHED), encoding="utf-8")
    sys.exit(0)


def _die() -> None:
    if os.environ.get("KOERS_DIE_ALONE"):
        os.kill(os.getpid(), signal.SIGKILL)
    os.killpg(os.getpgrp(), signal.SIGKILL)
