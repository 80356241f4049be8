"""Makes the digests at their time: a sensor that looks, and the job that it asks for."""

import dagster as dg

from connectors.core.failpoints import failpoint
from pipelines.defs.dead_runs import goes_on
from pipelines.defs.schedules import CAUSE_TAG
from pipelines.publication import utc_now
from pipelines.settings import home, settings
from pipelines.watch.asking import Asked
from pipelines.watch.digest.making import make_due
from pipelines.watch.digest.timing import due


@dg.op
def make_digests(context: dg.OpExecutionContext) -> None:
    at = home()
    made = make_due(at, settings(at))
    context.log.info(f"{made} digests wait to be sent")


@dg.job(
    description="Make the digests that are due; the job deliver sends them.",
    executor_def=dg.in_process_executor,
)
def digest() -> None:
    make_digests()


@dg.sensor(
    job=digest,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has the digests made when they are due: alerts.digest of koers.yaml says when.",
)
def digest_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    at, now = home(), utc_now()
    span = due(at.ledger, settings(at), now)
    if span is None:
        return dg.SkipReason("No digest is due.")
    name = span.until.isoformat()
    if goes_on(context.instance, "digest"):
        return dg.SkipReason("Digests are being made.")
    # A run may die before it has made them: asked for again, later and later.
    asked = Asked.read(context.cursor, name)
    if not asked.is_due(now):
        return dg.SkipReason(f"Asked for {asked.times} times; again at {asked.again_at}.")
    asked = asked.again(now)
    failpoint("digest_sensor.asks")
    request = dg.RunRequest(run_key=f"{name}/{asked.times}", tags={CAUSE_TAG: f"digest/{name}"})
    return dg.SensorResult(run_requests=[request], cursor=asked.text)
