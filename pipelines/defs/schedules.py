"""When things start by themselves: every night, and when files, figures or messages wait.

No sensor does work of its own: it looks, cheaply, and asks for a run.
"""

import json
import os

import dagster as dg

from connectors.core.failpoints import failpoint
from pipelines.defs.dead_runs import goes_on
from pipelines.defs.jobs import deliver, nightly
from pipelines.engineers import due_messages, tell_engineers
from pipelines.inputs import inbox_files, is_settled
from pipelines.nights import tell_overdue
from pipelines.publication import current, utc_now
from pipelines.settings import Settings, home, settings
from pipelines.watch.asking import Asked
from pipelines.watch.ledger import was_evaluated

CAUSE_TAG = "koers/cause"
"""Runs that were asked for by the same cause have it in common; that they fail is told once."""

RUNNING = dg.DefaultSensorStatus.RUNNING


def nightly_schedule() -> dg.ScheduleDefinition:
    """Every night at `nightly_at` of koers.yaml. `koers up` hands it on in the environment, since
    importing the code location reads no settings; start `koers up` again after a change."""
    defaults = Settings()
    hour, minute = os.environ.get("KOERS_NIGHTLY_AT", defaults.nightly_at).split(":")
    return dg.ScheduleDefinition(
        name="every_night",
        job=nightly,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone=os.environ.get("KOERS_TIME_ZONE", defaults.time_zone),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every connector, then the transform.",
    )


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=30,
    default_status=RUNNING,
    description="Starts a run when files in the inbox are new or changed, and no longer growing.",
)
def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    files = inbox_files(home())
    if not is_settled(files):
        return dg.SkipReason("A file is still being written.")
    there = {
        f"{connector}/{name}={version}"
        for connector, of_connector in files.items()
        for name, version in of_connector.items()
    }
    seen = set(json.loads(context.cursor or "[]"))
    news = sorted(there - seen)
    # What was refused stays in the inbox: it is asked for once, and again when it changes.
    cursor = json.dumps(sorted(there))
    if not news:
        return dg.SensorResult(skip_reason="Nothing new in the inbox.", cursor=cursor)
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=cursor)


@dg.sensor(
    job_name="watch_publication",
    minimum_interval_seconds=30,
    default_status=RUNNING,
    description="Has a publication judged that was not judged yet.",
)
def drift_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    at = home()
    publication = current(at)
    if publication is None:
        return dg.SkipReason("Nothing is published yet.")
    newest = publication.publication_id
    if context.cursor == newest:
        return dg.SkipReason(f"Publication {newest} was judged before.")
    if was_evaluated(at.ledger, newest):
        return dg.SensorResult(skip_reason=f"Publication {newest} is judged.", cursor=newest)
    asked, now = Asked.read(context.cursor, newest), utc_now()
    if goes_on(context.instance, "watch_publication"):
        return dg.SkipReason(f"Publication {newest} is being judged.")
    if not asked.is_due(now):
        return dg.SkipReason(f"Asked for {asked.times} times; again at {asked.again_at}.")
    asked = asked.again(now)
    failpoint("drift_sensor.asks")
    request = dg.RunRequest(run_key=f"{newest}/{asked.times}", tags={CAUSE_TAG: f"watch/{newest}"})
    return dg.SensorResult(run_requests=[request], cursor=asked.text)


@dg.sensor(
    job=deliver,
    minimum_interval_seconds=30,
    default_status=RUNNING,
    description="Has the messages sent that are due.",
)
def delivery_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    at = home()
    if goes_on(context.instance, "deliver"):
        return dg.SkipReason("Messages are being sent.")
    if not due_messages(at, settings(at)):
        return dg.SkipReason("No message is due.")
    failpoint("delivery_sensor.asks")
    return dg.RunRequest()


@dg.sensor(
    minimum_interval_seconds=600,
    default_status=RUNNING,
    description="Tells the engineers, once, that the nightly run did not take place.",
)
def night_sensor() -> dg.SkipReason:
    at = home()
    overdue = tell_overdue(at, settings(at))
    return dg.SkipReason("The nightly run is overdue." if overdue else "The nights take place.")


@dg.run_failure_sensor(
    monitor_all_code_locations=True,  # runs of `koers run` belong to no code location
    default_status=RUNNING,
    description="Tells the engineers, through channels of owner `data`.",
)
def failure_sensor(context: dg.RunFailureSensorContext) -> None:
    run = context.dagster_run
    steps = ", ".join(
        sorted({event.step_key for event in context.get_step_failure_events() if event.step_key})
    )
    now = context.instance.get_run_by_id(run.run_id)
    if now is not None and now.status is dg.DagsterRunStatus.CANCELED:
        return  # somebody stopped it: `pipelines.defs.runner` marks it so right after Dagster did
    context.log.error(f"Run {run.run_id} of {run.job_name} failed: {steps or 'no step'}")
    at = home()
    tell_engineers(
        at,
        settings(at),
        key=f"run-failed/{run.tags.get(CAUSE_TAG, run.run_id)}",
        title=f"Koers: {run.job_name} failed",
        body=f"Run {run.run_id} of job {run.job_name} failed in: {steps or 'no step'}. "
        f"Open the Dagster UI (koers up) for the reason.",
    )
