"""From publication to ledger: what is recorded, once, and what is not."""

from __future__ import annotations

import datetime as dt
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.publication import publish
from pipelines.settings import Channel, Home
from pipelines.watch.ledger import open_ledger, published_events, was_evaluated
from pipelines.watch.watching import LAYERS, WatchResult, watch
from tests.publication.tiny import fact, month, warehouse
from tests.zygote import forked

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
JUNE = month(6)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")

Night = Callable[..., WatchResult]


@pytest.fixture
def night(koers_home: Home) -> Night:
    """Build, publish and watch these facts."""

    def run(*facts: dict[str, Any], also: Any = None, **more: Any) -> WatchResult:
        warehouse(koers_home.warehouse, facts)
        if also is not None:
            with duckdb.connect(str(koers_home.warehouse)) as db:
                also(db)
        published = publish(
            koers_home.warehouse,
            koers_home,
            run_id="r",
            keep=2,
            alert_events=published_events(koers_home.ledger),
        )
        return watch(published, koers_home.ledger, [HOOK], lambda: NOW, **more)

    return run


def states(home: Home) -> list[tuple[str, str]]:
    return [(row[2], row[4]) for row in published_events(home.ledger)]


def outbox(home: Home) -> list[dict[str, Any]]:
    with open_ledger(home.ledger) as ledger:
        return [dict(row) for row in ledger.execute("select * from outbox order by message_id")]


def off(unit: str = "north", start: dt.date = JUNE, **more: Any) -> dict[str, Any]:
    return fact("revenue", unit, start, 80.0, "off_course", **more)


def on(unit: str = "north", start: dt.date = JUNE, **more: Any) -> dict[str, Any]:
    return fact("revenue", unit, start, 95.0, "on_course", **more)


def test_a_breach_is_recorded_and_queued_once(koers_home: Home, night: Night) -> None:
    first = night(on(start=month(5)), off())
    assert (first.judged, first.fired, first.open_alerts, first.messages) == (1, 1, 1, 1)
    (event,) = published_events(koers_home.ledger)
    assert event[:5] == (
        "revenue/north/tolerance/2025-06-01",
        "revenue",
        "north",
        "tolerance",
        "firing",
    )
    assert event[5] == NOW.replace(tzinfo=None)
    detail = json.loads(event[-1])
    assert detail["kpi_value"] == 80.0
    assert detail["since"] == "2025-06-01"
    assert detail["deliveries"][0]["sent_at"] is None

    again = night(on(start=month(5)), off())
    assert again.evaluated
    assert (again.fired, again.messages, again.open_alerts) == (0, 0, 1)
    assert len(outbox(koers_home)) == 1


def test_the_same_publication_twice_changes_nothing(koers_home: Home) -> None:
    warehouse(koers_home.warehouse, [off()])
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    assert not was_evaluated(koers_home.ledger, published.publication_id)
    assert watch(published, koers_home.ledger).evaluated
    assert was_evaluated(koers_home.ledger, published.publication_id)
    before = published_events(koers_home.ledger)
    assert not watch(published, koers_home.ledger).evaluated
    assert published_events(koers_home.ledger) == before


def test_fire_stay_resolve_fire_anew(koers_home: Home, night: Night) -> None:
    may, june, july, august = (month(m) for m in (5, 6, 7, 8))
    night(off(start=may))
    night(off(start=may), off(start=june))
    assert night(off(start=may), off(start=june), on(start=july)).resolved == 1
    night(off(start=may), off(start=june), on(start=july), off(start=august))
    assert states(koers_home) == [("north", "firing"), ("north", "resolved"), ("north", "firing")]
    assert len({row[0] for row in published_events(koers_home.ledger)}) == 2
    assert len({row[8] for row in published_events(koers_home.ledger)}) == 3


def test_since_is_the_first_period_in_a_row(koers_home: Home, night: Night) -> None:
    night(off(start=month(3)), on(start=month(4)), off(start=month(5)), off(start=month(6)))
    detail = json.loads(published_events(koers_home.ledger)[0][-1])
    assert detail["off_since"] == detail["since"] == "2025-05-01"
    assert detail["off_periods"] == 2


@pytest.mark.fault("D9", "H9")
@pytest.mark.parametrize(
    "facts",
    [
        [off(closed=False, complete=False)],
        [off(complete=False)],
        [off(grain="quarter", start=month(4))],  # revenue is judged by the month
        [off("sales/unassigned-team")],
        [off("p1")],
        [off("a-unit-that-is-gone")],
        [fact("revenue", "north", month(6), 80.0, "no_target", target=None, lower=None)],
        [fact("revenue", "north", month(6), None, "no_data")],
        [fact("revenue", "north", month(6), float("nan"), "off_course")],
        [off("south", start=month(3)), on("north")],  # a unit that ended in March
    ],
)
def test_nothing_to_tell(koers_home: Home, night: Night, facts: list[dict[str, Any]]) -> None:
    assert night(*facts).fired == 0
    assert states(koers_home) == []


def drifting(unit: str, **more: Any) -> dict[str, Any]:
    said = fact("revenue", unit, JUNE, 130.0, "no_target", lower=None, **{"target": None, **more})
    band = {"process_band_lower": 90.0, "process_band_centre": 100.0, "process_band_upper": 110.0}
    return said | band | {"process_status": "drifting", "process_score": 3.0}


def test_a_drift_is_raised_where_the_kpi_is_steered_on(koers_home: Home, night: Night) -> None:
    """Revenue is the organisation's, and where a target was agreed."""
    assert night(drifting("org"), drifting("north")).fired == 1
    assert [row[:5] for row in published_events(koers_home.ledger)] == [
        ("revenue/org/drift/2025-06-01", "revenue", "org", "drift", "firing")
    ]
    agreed = {**drifting("north", target=100.0), "status": "on_course"}
    assert night(drifting("org"), agreed).fired == 1


def test_a_drift_that_an_event_explains_raises_nothing(night: Night) -> None:
    assert night({**drifting("org"), "known_event": "Move"}).fired == 0


def test_a_kpi_may_ask_for_more_periods(koers_home: Home, night: Night) -> None:
    def asks(db: duckdb.DuckDBPyConnection) -> None:
        for column, kind in (("fire_periods", 2), ("of_periods", 3), ("recover_periods", 2)):
            db.execute(f"alter table dim_kpi add column {column} integer")
            db.execute(f"update dim_kpi set {column} = {kind}")

    may, july, august = month(5), month(7), month(8)
    assert night(off(start=may), also=asks).fired == 0
    assert states(koers_home) == [("north", "pending")]
    assert night(off(start=may), off(), also=asks).fired == 1
    back = [off(start=may), off(), on(start=july)]
    assert night(*back, also=asks).resolved == 0
    assert night(*back, on(start=august), also=asks).resolved == 1
    assert [state for _, state in states(koers_home)] == [
        "pending", "firing", "recovering", "resolved",
    ]  # fmt: skip


@pytest.mark.fault("E13", "H9")
def test_individuals_alert_only_when_asked_for(night: Night) -> None:
    assert night(off("p1"), layers=(*LAYERS, "individual")).fired == 1


@pytest.mark.fault("E7")
@pytest.mark.parametrize(
    "june",
    [
        fact("revenue", "north", month(6), None, "no_data"),
        fact("revenue", "north", month(6), float("nan"), "on_course"),
        on(complete=False),
        on(closed=False, complete=False),
    ],
)
def test_missing_data_never_resolve(koers_home: Home, night: Night, june: dict[str, Any]) -> None:
    night(off(start=month(5)))
    result = night(off(start=month(5)), june)
    assert (result.resolved, result.open_alerts) == (0, 1)
    assert states(koers_home) in (
        [("north", "firing")],
        [("north", "firing"), ("north", "no_data")],
    )
    again = night(off(start=month(5)), june, off(start=month(7)))
    assert (again.fired, again.messages, again.open_alerts) == (0, 0, 1)


@pytest.mark.fault("B22", "E8")
def test_restated_history_notifies_nobody(koers_home: Home, night: Night) -> None:
    night(on(start=month(5)), on())
    assert night(off(start=month(5)), on()).fired == 0
    reopened = [off(start=month(5)), on(closed=False, complete=False)]
    assert night(*reopened).fired == 0, "May was passed; that June opened again is no news"
    assert states(koers_home) == []


@pytest.mark.fault("E8")
def test_late_data_in_the_newest_period_do_count(night: Night) -> None:
    assert night(on()).fired == 0
    assert night(off()).fired == 1
    assert night(on()).resolved == 1


@pytest.mark.fault("D10")
def test_a_changed_definition_waits_for_the_next_period(night: Night) -> None:
    assert night(on(version="1")).fired == 0
    assert night(off(version="2")).fired == 0
    assert night(off(version="2"), off(start=month(7), version="2")).fired == 1


@pytest.mark.fault("E8")
def test_a_rebuilt_warehouse_sends_nothing_again(koers_home: Home, night: Night) -> None:
    night(off())
    koers_home.warehouse.unlink()
    folder = koers_home.publication().parent
    folder.rename(folder.with_name("lost"))
    assert night(off()).fired == 0
    assert len(outbox(koers_home)) == 1


def test_one_message_per_owner_and_channel(koers_home: Home, night: Night) -> None:
    rate = fact("win_rate", "org", JUNE, 0.1, "off_course", target=0.2, lower=0.18)
    night(off("org"), off("sales"), off("north"), off("south"), rate)
    # Revenue of the whole explains that of its parts, and is told to their owners too; the south
    # has no owner, so the KPI's.
    assert [(row["owner"], len(json.loads(row["dedup_keys"]))) for row in outbox(koers_home)] == [
        ("directie", 2),
        ("eva", 1),
        ("noor", 1),
    ]
    assert "Zo ook: Team Noord, Verkoop, Team Zuid" in outbox(koers_home)[1]["body"]


def test_alert_events_are_in_the_next_publication(koers_home: Home, night: Night) -> None:
    night(off())
    warehouse(koers_home.warehouse, [off()])
    published = publish(
        koers_home.warehouse,
        koers_home,
        run_id="r",
        keep=2,
        alert_events=published_events(koers_home.ledger),
    )
    assert published.tables["fct_alert_events"] == 1
    assert not published.changed, "an alert is no change of the facts"


@pytest.mark.fault("A1", "E2")
def test_killed_before_the_commit_nothing_is_lost_or_doubled(koers_home: Home) -> None:
    warehouse(koers_home.warehouse, [off()])
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watching = ("watch", str(koers_home.root))
    done = forked("tests.watch.child", *watching, KOERS_FAILPOINT="watch.before_commit")
    assert done.returncode == -signal.SIGKILL
    assert published_events(koers_home.ledger) == []
    assert not was_evaluated(koers_home.ledger, published.publication_id)
    assert watch(published, koers_home.ledger, [HOOK]).messages == 1
    assert Path(koers_home.ledger).exists()
