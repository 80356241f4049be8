"""What grows with every night and is not needed for ever, bounded: Dagster's runs with their events
and logs, and the logs of a file that somebody wrote into.

What is bounded elsewhere: kept publications (`keep_publications`), reports, dbt's logs (dbt turns
them at 10 MB and keeps five), what is put aside (`quarantine`), ticks of schedules and sensors
(`retention` in dagster.yaml). What was said is taken together and holds each change once.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

MOST_AT_A_TIME = 500
"""Runs that are removed in one night, so that the first one on an old home takes no hours."""


def prune_runs(instance: dg.DagsterInstance, folder: Path, before: dt.datetime) -> int:
    """Remove the runs that ended before a moment (aware), with their events and logs; how many.
    folder: that of Dagster, `dagster/` in the home."""
    import dagster as dg

    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    old = instance.get_run_records(
        dg.RunsFilter(statuses=over, updated_before=before), limit=MOST_AT_A_TIME, ascending=True
    )
    for record in old:
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        # Dagster empties the file of a run, and leaves it there, with its logs.
        for file in (folder / "history" / "runs").glob(f"{run_id}.db*"):
            file.unlink()
        shutil.rmtree(folder / "storage" / run_id, ignore_errors=True)
    return len(old)
