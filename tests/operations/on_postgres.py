"""A child that does a job of Koers on the storage that the environment names: `main([HOME])`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from pipelines import dagster_home
from pipelines.settings import Home, Settings


def main(arguments: Sequence[str]) -> None:
    home = Home(Path(arguments[0]))
    dagster_home.prepare(home)
    os.environ.update(dagster_home.environment(home, Settings()))
    from pipelines.definitions import defs
    from pipelines.defs.dead_runs import end_dead_runs

    with dg.DagsterInstance.get() as instance:
        end_dead_runs(instance)
        defs.resolve_job_def("deliver").execute_in_process(instance=instance)
        [run] = instance.get_runs()
        print(
            instance.get_runs_count(), run.status.value, type(instance.event_log_storage).__name__
        )
