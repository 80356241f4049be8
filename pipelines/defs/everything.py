"""Everything Koers has, as Dagster shows it, from a dbt manifest. Reads nothing itself."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from connectors.core.discover import discover
from pipelines.defs.acts import ACTS, act_job
from pipelines.defs.alert_checks import alerts_sensor
from pipelines.defs.backfills import backfill_job
from pipelines.defs.checks import kpi_checks
from pipelines.defs.digest import digest, digest_sensor
from pipelines.defs.freshness import of_publication
from pipelines.defs.jobs import deliver, nightly, restate_job, transform_job, watch_job
from pipelines.defs.models import model_assets
from pipelines.defs.publication import publication_assets
from pipelines.defs.report import report_job, report_sensor
from pipelines.defs.schedules import (
    delivery_sensor,
    drift_sensor,
    failure_sensor,
    inbox_sensor,
    night_sensor,
    nightly_schedule,
)
from pipelines.defs.streams import ingest_job, stream_assets
from pipelines.defs.terminal import LOGGER, terminal_logger
from pipelines.kpis import load_kpis


def build_definitions(manifest: Mapping[str, Any]) -> dg.Definitions:
    """Everything Koers has, as Dagster shows it."""
    kpis = load_kpis(manifest)
    connectors = list(discover().values())
    landed = [stream_assets(connector) for connector in connectors]
    published = publication_assets(manifest, of_publication(connectors))
    return dg.Definitions(
        assets=[*landed, model_assets(manifest, kpis), *published],
        asset_checks=[kpi_checks(kpis)],
        jobs=[
            *(ingest_job(connector) for connector in connectors),
            *(backfill_job(each) for each in connectors if each.api is not None),
            transform_job([key for assets in landed for key in assets.keys]),
            nightly,
            restate_job(manifest),
            watch_job(),
            report_job(),
            deliver,
            digest,
            *map(act_job, ACTS),
        ],
        schedules=[nightly_schedule()],
        sensors=[
            inbox_sensor,
            drift_sensor,
            alerts_sensor,
            report_sensor,
            delivery_sensor,
            digest_sensor,
            failure_sensor,
            night_sensor,
        ],
        loggers={LOGGER: terminal_logger},
        executor=dg.in_process_executor,
    )
