"""What becomes an alert and what does not: the truth table."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from pipelines.watch.drift import FIRING, RESOLVED, Alert, Event, Judged, Watermark, evaluate
from tests.publication.tiny import month
from tests.watch.rows import judged

SERIES = ("win_rate", "north", "tolerance")


def alert(state: str, at: dt.date, first: dt.date | None = None, events: int = 1) -> Alert:
    first = first or at
    return Alert(f"win_rate/north/tolerance/{first}", *SERIES, state, first, at, events)


def told(row: Judged, before: Alert | None = None, seen: Watermark | None = None) -> list[Event]:
    alerts = {SERIES: before} if before else {}
    marks = {("win_rate", "month"): seen} if seen else {}
    return evaluate([row], alerts, "pub-2", marks)


@pytest.mark.parametrize("status", ["on_course", "off_course", "no_target", "no_data"])
@pytest.mark.parametrize("value", [80.0, 95.0, None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("state", [None, FIRING, RESOLVED])
def test_truth_table(status: str, value: float | None, state: str | None) -> None:
    before = alert(state, month(5)) if state else None
    events = told(judged(status, value), before)
    finite = value is not None and math.isfinite(value)
    expected = None
    if finite and status == "off_course" and state != FIRING:
        expected = FIRING
    if finite and status == "on_course" and state == FIRING:
        expected = RESOLVED
    assert [event.state for event in events] == ([expected] if expected else [])


def test_an_alert_is_named_by_kpi_unit_kind_and_first_period() -> None:
    (event,) = told(judged("off_course", 80.0, off_since=month(4), off_periods=3))
    assert event.alert_id == "win_rate/north/tolerance/2025-06-01"
    assert event.dedup_key == "win_rate/north/tolerance/2025-06-01#1-firing"
    assert event.since == month(4)
    assert event.publication_id == "pub-2"


def test_it_ends_under_the_same_name() -> None:
    (event,) = told(judged("on_course", 95.0), alert(FIRING, month(4)))
    assert event.alert_id == "win_rate/north/tolerance/2025-04-01"
    assert event.dedup_key == "win_rate/north/tolerance/2025-04-01#2-resolved"
    assert event.since == month(4)


def test_late_data_that_undo_an_end_continue_the_same_alert() -> None:
    ended = alert(RESOLVED, month(6), first=month(4), events=2)
    (event,) = told(judged("off_course", 80.0), ended)
    assert event.alert_id == ended.alert_id
    assert event.dedup_key.endswith("#3-firing")


def test_a_new_breach_is_a_new_alert() -> None:
    (event,) = told(judged("off_course", 80.0), alert(RESOLVED, month(5), first=month(3)))
    assert event.alert_id == "win_rate/north/tolerance/2025-06-01"


def test_unassigned_units_never_alert() -> None:
    assert told(judged("off_course", 80.0, is_unassigned=True)) == []


@pytest.mark.parametrize(
    ("status", "value", "before"),
    [("off_course", 80.0, None), ("on_course", 95.0, alert(FIRING, month(4)))],
)
def test_an_older_period_notifies_nobody(status: str, value: float, before: Alert | None) -> None:
    row = judged(status, value)
    assert len(told(row, before, Watermark(month(6), "1"))) == 1
    assert told(row, before, Watermark(month(7), "1")) == []


def test_a_changed_definition_waits_for_the_next_period() -> None:
    assert told(judged("off_course", 80.0), seen=Watermark(month(6), "0")) == []
    assert len(told(judged("off_course", 80.0), seen=Watermark(month(5), "0"))) == 1


def test_a_period_before_that_of_the_alert_does_not_end_it() -> None:
    assert told(judged("on_course", 95.0, period_start=month(3)), alert(FIRING, month(4))) == []


@pytest.mark.parametrize(("off", "fires"), [(1, False), (2, True), (3, True)])
def test_n_of_m_periods(off: int, fires: bool) -> None:
    row = judged("off_course", 80.0, off_of_last=off, fire_periods=2, of_periods=3)
    assert bool(told(row)) is fires
