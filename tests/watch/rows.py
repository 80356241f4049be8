"""Rows for the tests of the drift watch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pipelines.watch.drift import DRIFT, TOLERANCE, Judged
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
        "process_status": None,
        "process_band_lower": None,
        "process_band_centre": None,
        "process_band_upper": None,
        "process_score": None,
        "known_event": None,
        "definition_version": "1",
        "label_nl": "Scoringskans",
        "label_en": "Win rate",
        "unit": "count",
        "unit_name": "Team Noord",
        "layer": "team",
        "is_unassigned": False,
        "owner": "noor",
        "kind": TOLERANCE,
        "verdict": {"off_course": "out", "on_course": "in"}.get(status, "no_data"),
        "off_since": start,
        "off_periods": 1,
        "off_of_last": int(status == "off_course"),
        "in_a_row": int(status == "on_course"),
    }
    return Judged(**{**given, **more})


def drifting(score: float, **more: Any) -> Judged:
    """The same series, against what is usual: 80 to 120."""
    inside = abs(score) <= 1
    given: dict[str, Any] = {
        "kind": DRIFT,
        "verdict": "in" if inside else "out",
        "process_status": "stable" if inside else "drifting",
        "process_band_lower": 80.0,
        "process_band_centre": 100.0,
        "process_band_upper": 120.0,
        "process_score": score,
        "off_of_last": int(not inside),
        "in_a_row": int(inside),
    }
    return judged("on_course", 100.0 + 20 * score, **{**given, **more})
