"""Where Dagster keeps its runs: `dagster/` in the home, with the settings Koers needs there."""

from __future__ import annotations

import os

from connectors.core.durable import replace_text
from pipelines.settings import Alerts, Home, Settings

CONFIG = """\
# Written by Koers before each run; changes made here are lost.
telemetry: {enabled: false}
nux: {enabled: false}
# One pool, `warehouse`: one step at a time writes the warehouse file.
concurrency:
  pools: {granularity: op, default_limit: 1}
  runs:
    max_concurrent_runs: 4
    tag_concurrency_limits: [{key: koers/nightly, limit: 1}]
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 60}
freshness: {enabled: true}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 2, failure: 30, started: 2, success: 30}}
"""

_STALE_AFTER = {"stale_after_days", "files_stale_after_days", "stale_after"}


def prepare(home: Home) -> None:
    """Make the folder and write its `dagster.yaml`."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") != CONFIG:
        replace_text(file, CONFIG)


def environment(home: Home, settings: Settings) -> dict[str, str]:
    """The variables that a Dagster process of this home needs, beside those there are.

    The nightly time and how old data may be travel in them, since importing the code location
    reads no settings.
    """
    return {
        **os.environ,
        "KOERS_HOME": str(home.root),
        "KOERS_NIGHTLY_AT": settings.nightly_at,
        "KOERS_TIME_ZONE": settings.time_zone,
        "KOERS_STALE_AFTER": settings.alerts.model_dump_json(include=_STALE_AFTER),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def stale_after() -> Alerts:
    """What the environment says of how old data may be; else what holds without settings."""
    return Alerts.model_validate_json(os.environ.get("KOERS_STALE_AFTER", "{}"))
