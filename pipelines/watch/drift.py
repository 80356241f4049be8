"""Which alerts fire and which end: pure, given the newest status of the series and the alerts so
far.

Judged is only the newest closed and complete period of a KPI at its cadence. So history may be
restated, backfilled or rebuilt without a word, and a unit that has ended or is late is not judged
on an old period. Missing data never resolves an alert, nor does a value that is no number.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TOLERANCE = "tolerance"
FIRING = "firing"
RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest period of one series, and what a reader of a message wants to know about it.

    `off_periods` is the number of periods in a row, up to this one, that are off course;
    `off_since` the first day of the first of them. `off_of_last` counts those among the last
    `of_periods`, of which `fire_periods` make an alert.
    """

    kpi: str
    org_unit_id: str
    grain: str
    period_start: dt.date
    period_end: dt.date
    status: str
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    definition_version: str | None
    label_nl: str
    label_en: str
    unit: str
    unit_name: str
    layer: str
    is_unassigned: bool
    owner: str
    off_since: dt.date | None = None
    off_periods: int = 0
    off_of_last: int = 1
    fire_periods: int = 1
    of_periods: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """The latest alert of a series, as its events tell: `period_start` is that of the last event,
    `events` how many there are."""

    alert_id: str
    kpi: str
    org_unit_id: str
    kind: str
    state: str
    first_period: dt.date
    period_start: dt.date
    events: int


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a KPI was judged before, and under which definition."""

    period_start: dt.date
    definition_version: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One transition. `since` is the first day of the period in which it began."""

    alert_id: str
    kind: str
    state: str
    publication_id: str
    dedup_key: str
    since: dt.date
    row: Judged


def evaluate(
    rows: Iterable[Judged],
    alerts: Mapping[tuple[str, str, str], Alert],
    publication_id: str,
    watermarks: Mapping[tuple[str, str], Watermark],
) -> list[Event]:
    """The transitions that these rows bring about; `alerts` by (kpi, org_unit_id, kind),
    `watermarks` by (kpi, grain). One row per series: its newest closed and complete period."""
    events = []
    for row in rows:
        alert = alerts.get((row.kpi, row.org_unit_id, TOLERANCE))
        watermark = watermarks.get((row.kpi, row.grain))
        if row.is_unassigned or _is_history(row, alert, watermark):
            continue
        event = _transition(row, alert, publication_id)
        if event:
            events.append(event)
    return events


def _is_history(row: Judged, alert: Alert | None, watermark: Watermark | None) -> bool:
    """Whether this period was passed already, or is judged anew by another definition."""
    if alert and row.period_start < alert.period_start:
        return True
    if watermark is None or row.period_start > watermark.period_start:
        return False
    restated = row.definition_version != watermark.definition_version
    return row.period_start < watermark.period_start or restated


def _transition(row: Judged, alert: Alert | None, publication_id: str) -> Event | None:
    if row.kpi_value is None or not math.isfinite(row.kpi_value):
        return None
    firing = alert is not None and alert.state == FIRING
    if row.status == "off_course" and not firing and row.off_of_last >= row.fire_periods:
        if alert and alert.period_start == row.period_start:
            # It ended in this very period, and late data say it had not: the same alert.
            return _event(
                row, FIRING, alert.alert_id, alert.events, alert.first_period, publication_id
            )
        alert_id = f"{row.kpi}/{row.org_unit_id}/{TOLERANCE}/{row.period_start.isoformat()}"
        return _event(row, FIRING, alert_id, 0, row.off_since or row.period_start, publication_id)
    if row.status == "on_course" and alert is not None and firing:
        return _event(
            row, RESOLVED, alert.alert_id, alert.events, alert.first_period, publication_id
        )
    return None


def _event(
    row: Judged, state: str, alert_id: str, before: int, since: dt.date, publication_id: str
) -> Event:
    # The ordinal makes the key the same whenever the same history is told again.
    dedup_key = f"{alert_id}#{before + 1}-{state}"
    return Event(alert_id, TOLERANCE, state, publication_id, dedup_key, since, row)
