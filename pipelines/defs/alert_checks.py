"""Has the checks of KPIs tell what happened to their alerts between two builds: an acknowledgement,
a snooze that ended, a silence. A check is told anew without a run."""

import json

import dagster as dg

from pipelines.defs.checks import results
from pipelines.settings import home
from pipelines.watch.standing import news


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the checks of KPIs whose alerts changed anew.",
)
def alerts_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    kpis, now = news(home().ledger, json.loads(context.cursor or "{}"))
    there = context.repository_def
    if there is not None:
        # Of KPIs that are defined no longer there is no check.
        kpis &= {key.name for key in there.asset_graph.asset_check_keys}
    return dg.SensorResult(
        skip_reason=None if kpis else "No alert changed.",
        asset_events=[_told(result) for result in results(kpis)] if kpis else [],
        cursor=json.dumps(now),
    )


def _told(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    if result.asset_key is None or result.check_name is None:
        raise ValueError("a check of a KPI names its asset and itself")
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
