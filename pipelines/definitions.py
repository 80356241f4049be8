"""The Dagster code location. Importing it reads one file, the dbt manifest of the home, and nothing
else; `koers` and `make` see to it that the manifest is there."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

from connectors.core.discover import discover
from pipelines.defs.checks import kpi_checks
from pipelines.defs.jobs import deliver, nightly, restate_job, transform_job, watch_job
from pipelines.defs.models import model_assets
from pipelines.defs.publication import publication_assets
from pipelines.defs.schedules import (
    delivery_sensor,
    drift_sensor,
    failure_sensor,
    inbox_sensor,
    nightly_schedule,
)
from pipelines.defs.streams import ingest_job, stream_assets
from pipelines.defs.terminal import LOGGER, terminal_logger
from pipelines.kpis import load_kpis
from pipelines.settings import home


class ManifestMissingError(RuntimeError):
    """The dbt manifest of the home is not there; the text says how to make it."""


def build_definitions(manifest: Mapping[str, Any]) -> dg.Definitions:
    """Everything Koers has, as Dagster shows it."""
    kpis = load_kpis(manifest)
    connectors = list(discover().values())
    landed = [stream_assets(connector) for connector in connectors]
    return dg.Definitions(
        assets=[*landed, model_assets(manifest, kpis), *publication_assets(manifest)],
        asset_checks=[kpi_checks(kpis)],
        jobs=[
            *(ingest_job(connector) for connector in connectors),
            transform_job([key for assets in landed for key in assets.keys]),
            nightly,
            restate_job(manifest),
            watch_job(),
            deliver,
        ],
        schedules=[nightly_schedule()],
        sensors=[inbox_sensor, drift_sensor, delivery_sensor, failure_sensor],
        loggers={LOGGER: terminal_logger},
        executor=dg.in_process_executor,
    )


def _manifest() -> dict[str, Any]:
    file = home().manifest
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestMissingError(
            f"{file} is not there yet. Start Dagster by `koers up`, or run `koers run` once: both "
            "prepare it. Is KOERS_HOME set as it was there?"
        ) from error
    return content


defs = build_definitions(_manifest())
