"""The jobs: transform, nightly, restate, watch_publication and deliver, each in one process.

`nightly` runs `koers run` as a child process: the schedule, the inbox sensor and a person at the
command line go the same way, with the same lock, and each connector's ingest and the transform show
as runs of their own. A connector that fails or hangs there keeps nothing else from running.
"""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines import dagster_home
from pipelines.cli import SOME_SOURCES_FAILED
from pipelines.defs.models import POOL, build, build_arguments
from pipelines.defs.publication import PUBLICATION, WATCH, publish_now
from pipelines.operations.delivering import deliver_now
from pipelines.settings import home, settings
from pipelines.watch.now import remind_now

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01", end_offset=1)
NIGHTLY_TAG = {"koers/nightly": "1"}


class NightlyError(RuntimeError):
    """`koers run` ended with an error; what it said stands above."""


def transform_job(streams: Sequence[dg.AssetKey]) -> "UnresolvedAssetJobDefinition":
    """Everything after the landing: dbt build, publication, watch, KPI checks."""
    return dg.define_asset_job(
        "transform",
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*streams),
        description="dbt build ▸ publication ▸ watch ▸ KPI checks.",
        executor_def=dg.in_process_executor,
    )


def watch_job() -> "UnresolvedAssetJobDefinition":
    """Judge the newest publication, if it was not judged yet."""
    return dg.define_asset_job(
        "watch_publication",
        selection=dg.AssetSelection.assets(WATCH),
        description="Judge the newest publication.",
        executor_def=dg.in_process_executor,
    )


@dg.op
def run_koers(context: dg.OpExecutionContext) -> None:
    at = home()
    command = [sys.executable, "-m", "pipelines.cli", "run", "--wait"]
    child = subprocess.Popen(  # noqa: S603 # nosec B603 - our own interpreter
        command,
        env={
            **dagster_home.environment(at, settings(at)),
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "KOERS_LOG": "text",  # each line is put in a log of Dagster here
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in child.stdout or ():
            context.log.info(line.rstrip())
        code = child.wait()
    finally:
        # Also when the run is ended in the UI.
        if child.poll() is None:
            child.terminate()
            child.wait()
    if code == SOME_SOURCES_FAILED:
        # The ingest runs that failed were runs of their own, and told as such.
        context.log.warning("some sources could not be read; the others were")
    elif code:
        raise NightlyError(f"koers run ended with exit code {code}; what it said stands above.")


@dg.job(
    description="What `koers run` does: every connector, then the transform.",
    executor_def=dg.in_process_executor,
    tags=NIGHTLY_TAG,
)
def nightly() -> None:
    run_koers()


@dg.op
def send_messages(context: dg.OpExecutionContext) -> None:
    at = home()
    chosen = settings(at)
    remind_now(at, chosen)
    done = deliver_now(at, chosen)
    context.log.info(f"sent {done.sent}, failed {done.failed}, waiting {done.waiting}")
    for error in done.errors:
        context.log.warning(error)


@dg.job(
    description="Send the messages that are due.",
    executor_def=dg.in_process_executor,
    tags={"koers/deliver": "1"},
)
def deliver() -> None:
    send_messages()


def restate_job(manifest: Mapping[str, Any]) -> dg.JobDefinition:
    """Computes the facts of a month again, whether or not anything in it changed."""

    @dg.op(pool=POOL, out=dg.Out(dg.Nothing))
    def build_month(context: dg.OpExecutionContext) -> Iterator[Any]:
        month = context.partition_time_window
        arguments = build_arguments(
            restate_from=month.start.date().isoformat(),
            restate_to=(month.end.date() - dt.timedelta(days=1)).isoformat(),
        )
        events = build(context, [*arguments, "--select", "int_measure_days+"], manifest)
        yield from (event for event in events if not isinstance(event, dg.Output))
        yield dg.Output(None)

    @dg.op(pool=POOL, ins={"built": dg.In(dg.Nothing)})
    def publish_month(context: dg.OpExecutionContext) -> None:
        made = publish_now(home(), context)
        context.log_event(
            dg.AssetMaterialization(PUBLICATION, metadata={"publication_id": made.publication_id})
        )

    @dg.job(
        description="Compute a month of KPI facts again, and publish. Backfill it for many.",
        partitions_def=MONTHS,
        executor_def=dg.in_process_executor,
    )
    def restate() -> None:
        publish_month(build_month())

    return restate
