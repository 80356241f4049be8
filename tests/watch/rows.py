"""Rows for the tests of the drift watch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pipelines.watch.drift import Judged
from tests.publication.tiny import last_day, month


def judged(status: str, value: float | None, **more: Any) -> Judged:
    """Win rate of Team Noord in June, target 100, unless told otherwise."""
    start: dt.date = more.get("period_start", month(6))
    given: dict[str, Any] = {
        "kpi": "win_rate",
        "org_unit_id": "north",
        "grain": "month",
        "period_start": start,
        "period_end": last_day(start),
        "status": status,
        "kpi_value": value,
        "target": 100.0,
        "band_lower": 90.0,
        "band_upper": None,
        "definition_version": "1",
        "label_nl": "Scoringskans",
        "label_en": "Win rate",
        "unit": "count",
        "unit_name": "Team Noord",
        "layer": "team",
        "is_unassigned": False,
        "owner": "noor",
        "off_since": start,
        "off_periods": 1,
    }
    return Judged(**{**given, **more})
