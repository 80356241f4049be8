"""A backfill job for each connector with an API: a partition is a month, and pulls again what
changed in it. `koers run`, or the nightly job, then computes what follows."""

import datetime as dt

import dagster as dg

from connectors.core.contract import Connector
from pipelines.backfill import backfill
from pipelines.defs.jobs import MONTHS
from pipelines.ingest import IngestFailedError
from pipelines.lock import held
from pipelines.settings import home, settings

WAIT_SECONDS = 4 * 3600.0


def backfill_job(connector: Connector) -> dg.JobDefinition:
    """The job that reads months of a connector again."""

    @dg.op(name=f"read_{connector.name}_again")
    def read_again(context: dg.OpExecutionContext) -> None:
        month = context.partition_time_window
        at = home()
        # After the nightly run, or another month, where one is going on.
        with held(at.run_lock, context.job_name, wait_seconds=WAIT_SECONDS):
            outcomes = backfill(
                connector,
                at,
                settings(at),
                first=month.start.date(),
                last=month.end.date() - dt.timedelta(days=1),
                now=dt.datetime.now(dt.UTC),
                progress=context.log.info,
            )
        for outcome in outcomes:
            rows = sum(load.counts.loaded for load in outcome.loads)
            context.log.info(f"{outcome.stream}: {rows} records that were not there")
            if rows:
                context.log_event(
                    dg.AssetMaterialization(
                        dg.AssetKey([connector.name, outcome.stream]),
                        metadata={"loaded": rows, "requests": outcome.requests},
                    )
                )
        failed = [f"{each.stream}: {each.failed}" for each in outcomes if each.failed]
        if failed:
            raise IngestFailedError("\n".join(failed))

    @dg.job(
        name=f"backfill_{connector.name}",
        description=f"Read again what changed in a month in {connector.label}.",
        partitions_def=MONTHS,
        executor_def=dg.in_process_executor,
    )
    def again() -> None:
        read_again()

    return again
