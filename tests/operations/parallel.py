"""The code location of Koers with builds and publications that do nothing but take their time, the
first of them until all runs have begun; and, as `main([HOME, MONTH])`, a process that computes a
month again by itself, as on another machine.

They take no lock of the home: what keeps them apart here is Dagster's pool.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg

from pipelines import dagster_home
from pipelines.settings import Home, Settings

RUNS = 4
TAKES_SECONDS = 0.5
PATIENCE_SECONDS = 300.0


def slow_build(context: dg.OpExecutionContext, *_: Any) -> Iterator[Any]:
    begun = dg.RunsFilter(
        job_name="restate", statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS]
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while context.instance.get_runs_count(begun) < RUNS and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(TAKES_SECONDS)
    yield from ()


def slow_publication(*_: Any) -> SimpleNamespace:
    time.sleep(TAKES_SECONDS)
    return SimpleNamespace(publication_id="none")


def location() -> dg.Definitions:
    """What `pipelines.definitions` has, with those two in place of their own."""
    from pipelines.definitions import defs
    from pipelines.defs import jobs

    jobs.build, jobs.publish_now = slow_build, slow_publication  # type: ignore[assignment]
    return defs


def main(arguments: Sequence[str]) -> None:
    home, month = Home(Path(arguments[0])), arguments[1]
    os.environ.update(dagster_home.environment(home, Settings()))
    job = location().resolve_job_def("restate")
    with dg.DagsterInstance.get() as instance:
        print(job.execute_in_process(instance=instance, partition_key=month).dagster_run.run_id)
