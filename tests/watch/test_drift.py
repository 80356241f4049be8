"""What becomes an alert, what does not, and which of several are told."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from pipelines.watch.drift import FIRING, RESOLVED, Alert, Event, Judged, Silence, Watermark
from pipelines.watch.drift import evaluate as evaluate_rows
from pipelines.watch.machine import AlertState, State
from tests.publication.tiny import month
from tests.watch.rows import drifting, judged

SERIES = ("win_rate", "north", "tolerance")
NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
ABOVE = {"north": ("sales", "org"), "sales": ("org",)}


def alert(
    state: State, at: dt.date, first: dt.date | None = None, events: int = 1, **more: Any
) -> Alert:
    first = first or at
    said = AlertState(state, at, is_told=True, **more)
    return Alert(f"win_rate/north/tolerance/{first}", first, events, said)


def evaluate(*rows: Judged, **more: Any) -> list[Event]:
    given: dict[str, Any] = {"alerts": {}, "watermarks": {}, "now": NOW, "above": ABOVE}
    given |= more
    return evaluate_rows(rows, given.pop("alerts"), "pub-2", given.pop("watermarks"), **given)


def told(row: Judged, before: Alert | None = None, seen: Watermark | None = None) -> list[Event]:
    alerts = {SERIES: before} if before else {}
    marks = {("win_rate", "month"): seen} if seen else {}
    return evaluate(row, alerts=alerts, watermarks=marks)


@pytest.mark.fault("D9", "E7")
@pytest.mark.parametrize("status", ["on_course", "off_course", "no_target", "no_data"])
@pytest.mark.parametrize("value", [80.0, 95.0, None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("state", [None, FIRING, RESOLVED])
def test_truth_table(status: str, value: float | None, state: State | None) -> None:
    before = alert(state, month(5)) if state else None
    events = told(judged(status, value), before)
    finite = value is not None and math.isfinite(value)
    expected = None
    if finite and status == "off_course" and state != FIRING:
        expected = FIRING
    if state == FIRING:
        if finite and status == "on_course":
            expected = RESOLVED
        if not finite or status in ("no_target", "no_data"):
            expected = "no_data"
    assert [event.state for event in events] == ([expected] if expected else [])
    assert all(event.is_news is (event.state in (FIRING, RESOLVED)) for event in events)


def test_an_alert_is_named_by_kpi_unit_kind_and_first_period() -> None:
    (event,) = told(judged("off_course", 80.0, off_since=month(4), off_periods=3))
    assert event.alert_id == "win_rate/north/tolerance/2025-06-01"
    assert event.dedup_key == "win_rate/north/tolerance/2025-06-01#1-firing"
    assert event.since == month(4)
    assert event.publication_id == "pub-2"
    assert event.at.is_told


def test_it_ends_under_the_same_name() -> None:
    (event,) = told(judged("on_course", 95.0), alert(FIRING, month(4)))
    assert event.alert_id == "win_rate/north/tolerance/2025-04-01"
    assert event.dedup_key == "win_rate/north/tolerance/2025-04-01#2-resolved"
    assert event.since == month(4)


@pytest.mark.fault("E8")
def test_late_data_that_undo_an_end_continue_the_same_alert() -> None:
    ended = alert(RESOLVED, month(6), first=month(4), events=2)
    (event,) = told(judged("off_course", 80.0), ended)
    assert event.alert_id == ended.alert_id
    assert event.dedup_key.endswith("#3-firing")
    assert event.is_news


def test_a_new_breach_is_a_new_alert() -> None:
    (event,) = told(judged("off_course", 80.0), alert(RESOLVED, month(5), first=month(3)))
    assert event.alert_id == "win_rate/north/tolerance/2025-06-01"


def test_unassigned_units_never_alert() -> None:
    assert told(judged("off_course", 80.0, is_unassigned=True)) == []


@pytest.mark.fault("E8")
@pytest.mark.parametrize(
    ("status", "value", "before"),
    [("off_course", 80.0, None), ("on_course", 95.0, alert(FIRING, month(4)))],
)
def test_an_older_period_notifies_nobody(status: str, value: float, before: Alert | None) -> None:
    row = judged(status, value)
    assert len(told(row, before, Watermark(month(6), "1"))) == 1
    assert told(row, before, Watermark(month(7), "1")) == []


@pytest.mark.fault("D10")
def test_a_changed_definition_waits_for_the_next_period() -> None:
    assert told(judged("off_course", 80.0), seen=Watermark(month(6), "0")) == []
    assert len(told(judged("off_course", 80.0), seen=Watermark(month(5), "0"))) == 1


def test_a_period_before_that_of_the_alert_does_not_end_it() -> None:
    assert told(judged("on_course", 95.0, period_start=month(3)), alert(FIRING, month(4))) == []


@pytest.mark.parametrize(("off", "state"), [(1, "pending"), (2, FIRING), (3, FIRING)])
def test_n_of_m_periods(off: int, state: str) -> None:
    row = judged("off_course", 80.0, off_of_last=off, fire_periods=2, of_periods=3)
    (event,) = told(row)
    assert (event.state, event.is_news) == (state, state == FIRING)


def test_a_pending_alert_keeps_its_name_when_it_fires() -> None:
    pending = Alert("win_rate/north/tolerance/2025-05-01", month(5), 1, AlertState("pending"))
    row = judged("off_course", 80.0, off_of_last=2, fire_periods=2, of_periods=3)
    (event,) = told(row, pending)
    assert event.dedup_key == "win_rate/north/tolerance/2025-05-01#2-firing"


def by_series(events: list[Event]) -> dict[tuple[str, str], Event]:
    return {(event.row.org_unit_id, event.kind): event for event in events}


def known(events: list[Event]) -> dict[tuple[str, str, str], Alert]:
    """The alerts that these events make."""
    return {
        e.row.series: Alert(
            e.alert_id, e.since, int(e.dedup_key.split("#")[1].split("-")[0]), e.at, e.folded_into
        )
        for e in events
    }


def three(north: str = "off_course", sales: str = "off_course", org: str = "off_course") -> Any:
    return [
        judged(status, 80.0 if status == "off_course" else 95.0, org_unit_id=unit, owner=unit)
        for unit, status in (("north", north), ("sales", sales), ("org", org))
    ]


def test_the_highest_unit_that_is_off_explains_those_below_and_names_them() -> None:
    events = by_series(evaluate(*three()))
    top = events["org", "tolerance"]
    assert [event.is_news for event in events.values()] == [False, False, True]
    assert {row.org_unit_id for row in top.explains} == {"north", "sales"}
    assert events["north", "tolerance"].folded_into == top.alert_id
    assert {event.state for event in events.values()} == {FIRING}, "they fire all the same"


def test_what_is_off_to_the_other_side_is_not_explained() -> None:
    north = judged("off_course", 130.0, band_upper=120.0)
    events = by_series(evaluate(north, *three()[1:]))
    assert events["north", "tolerance"].is_news


def test_another_kpi_explains_nothing() -> None:
    other = judged("off_course", 80.0, kpi="revenue", org_unit_id="org")
    assert all(event.is_news for event in evaluate(three()[0], other))


def july(*states: tuple[str, str, float]) -> list[Judged]:
    return [
        judged(status, value, org_unit_id=unit, period_start=month(7))
        for unit, status, value in states
    ]


def test_a_child_that_was_named_is_told_that_it_is_over_and_no_more() -> None:
    first = evaluate(*three())
    assert all(event.at.is_told for event in first)
    off = july(("north", "off_course", 80.0), ("org", "on_course", 95.0))
    events = by_series(evaluate(*off, alerts=known(first)))
    assert events["org", "tolerance"].is_news
    north = events["north", "tolerance"]
    assert (north.state, north.is_news, north.folded_into) == (FIRING, False, None)
    over = evaluate(*july(("north", "on_course", 95.0)), alerts=known(first))
    assert [(e.state, e.is_news) for e in over] == [(RESOLVED, True)]


def test_a_child_that_begins_later_is_told_once_its_parent_is_over_and_it_is_not() -> None:
    first = evaluate(*three("on_course"))
    later = evaluate(
        *july(("north", "off_course", 80.0), ("org", "off_course", 80.0)), alerts=known(first)
    )
    (north,) = later
    assert (north.state, north.is_news) == (FIRING, False)
    assert north.folded_into == "win_rate/org/tolerance/2025-06-01"
    alerts = known(first) | known(later)
    rows = july(("north", "off_course", 80.0), ("org", "on_course", 95.0))
    events = by_series(evaluate(*rows, alerts=alerts))
    assert events["org", "tolerance"].state == RESOLVED
    north = events["north", "tolerance"]
    assert (north.state, north.is_news, north.folded_into) == (FIRING, True, None)
    assert evaluate(*rows, alerts=alerts | known(list(events.values()))) == []


def test_nothing_moves_while_all_stays_as_it_is() -> None:
    first = evaluate(*three(), drifting(-1.5))
    rows = [*july(*((unit, "off_course", 80.0) for unit in ("north", "sales", "org")))]
    assert evaluate(*rows, drifting(-1.5, period_start=month(7)), alerts=known(first)) == []


@pytest.mark.fault("E13")
def test_people_are_not_named_in_the_message_of_a_unit_above() -> None:
    rows = [
        judged("off_course", 80.0, org_unit_id=u, layer=layer)
        for u, layer in (("p1", "individual"), ("north", "team"))
    ]
    events = by_series(evaluate(*rows, above={"p1": ("north",)}))
    assert events["north", "tolerance"].is_news
    assert not events["p1", "tolerance"].at.is_told


def test_one_that_was_told_is_not_folded_later() -> None:
    first = evaluate(three()[0])
    events = by_series(evaluate(*three(), alerts=known(first)))
    assert ("north", "tolerance") not in events
    assert events["org", "tolerance"].is_news


def test_a_drift_is_told_with_the_same_series_being_off_course() -> None:
    off = judged("off_course", 80.0)
    events = by_series(evaluate(off, drifting(-1.5)))
    assert events["north", "tolerance"].is_news
    assert not events["north", "drift"].is_news
    assert events["north", "drift"].folded_into == events["north", "tolerance"].alert_id
    assert [e.is_news for e in evaluate(drifting(-1.5))] == [True]


def test_a_drift_below_is_told_with_what_its_parent_is_told_with() -> None:
    top = judged("off_course", 80.0, org_unit_id="org")
    rows = (top, drifting(-1.5, org_unit_id="org"), drifting(-1.5))
    events = by_series(evaluate(*rows))
    assert [event.is_news for event in events.values()] == [True, False, False]
    assert {r.org_unit_id for r in events["org", "tolerance"].explains} == {"org", "north"}


def test_the_order_of_the_rows_says_nothing() -> None:
    rows = [*three(), drifting(-2.0), drifting(2.0, org_unit_id="sales")]
    events = by_series(evaluate(*rows))
    assert by_series(evaluate(*reversed(rows))) == {
        key: event if not event.explains else by_series(evaluate(*reversed(rows)))[key]
        for key, event in events.items()
    }
    for key, event in by_series(evaluate(*reversed(rows))).items():
        assert set(event.explains) == set(events[key].explains)


HOUR = dt.timedelta(hours=1)


@pytest.mark.fault("E9")
@pytest.mark.parametrize(
    "silence",
    [
        Silence(NOW - HOUR, NOW + HOUR),
        Silence(NOW, NOW + HOUR, kpi="win_rate"),
        Silence(NOW - HOUR, NOW + HOUR, org_unit_id="north", owner="noor"),
    ],
)
def test_a_silenced_alert_fires_and_is_told_afterwards(silence: Silence) -> None:
    first = evaluate(judged("off_course", 80.0), silences=[silence])
    assert [(e.state, e.is_news) for e in first] == [(FIRING, False)]
    later = evaluate(judged("off_course", 80.0), alerts=known(first))
    assert [(e.state, e.is_news) for e in later] == [(FIRING, True)]
    assert later[0].dedup_key.endswith("#2-firing")
    over = evaluate(judged("on_course", 95.0), alerts=known(first))
    assert [(e.state, e.is_news) for e in over] == [(RESOLVED, False)], "it was never told"


@pytest.mark.parametrize(
    "silence",
    [
        Silence(NOW - HOUR, NOW),
        Silence(NOW + HOUR, NOW + 2 * HOUR),
        Silence(NOW - HOUR, NOW + HOUR, kpi="revenue"),
        Silence(NOW - HOUR, NOW + HOUR, kpi="win_rate", owner="eva"),
    ],
)
def test_a_silence_that_does_not_fit_silences_nothing(silence: Silence) -> None:
    assert [e.is_news for e in evaluate(judged("off_course", 80.0), silences=[silence])] == [True]
