"""Alerts of a unit, a KPI or a target that is no longer there."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pipelines.publication import publish
from pipelines.settings import Channel, Home
from pipelines.watch.acts import acknowledge, silence
from pipelines.watch.drift import Silence
from pipelines.watch.ledger import open_alerts, open_ledger, published_events
from pipelines.watch.watching import WatchResult, watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
OFF = fact("revenue", "north", month(6), 80.0, "off_course")
JULY = fact("revenue", "north", month(7), 80.0, "off_course")
REST = fact("revenue", "south", month(7), 95.0, "on_course")
JUNE_REST = fact("revenue", "south", month(6), 95.0, "on_course")
NO_TARGET = {**OFF, "target": None, "band_lower": None, "status": "no_target"}
OTHER = fact("nps", "org", dt.date(2025, 4, 1), 95.0, "on_course", grain="quarter")

Night = Callable[..., WatchResult]


@pytest.fixture
def night(koers_home: Home) -> Night:
    def run(*facts: dict[str, Any], sql: str = "") -> WatchResult:
        warehouse(koers_home.warehouse, [*facts, OTHER])
        with duckdb.connect(str(koers_home.warehouse)) as db:
            db.execute("alter table dim_org_unit add column valid_to date default '9999-12-31'")
            if sql:
                db.execute(sql)
        published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
        return watch(published, koers_home.ledger, [HOOK], lambda: NOW, language="en")

    return run


def history(home: Home) -> list[tuple[str, str | None]]:
    rows = published_events(home.ledger)
    return [(row[4], json.loads(row[9])["at"]["ending"]) for row in rows]


def bodies(home: Home) -> list[tuple[str, str]]:
    with open_ledger(home.ledger) as ledger:
        rows = ledger.execute("select title, body from outbox order by message_id").fetchall()
    return [(row["title"], row["body"]) for row in rows]


GONE = "delete from dim_org_unit where org_unit_id = 'north'"
LEFT = "update dim_org_unit set valid_to = '2025-06-30' where org_unit_id = 'north'"
RETIRED = "delete from dim_kpi where kpi = 'revenue'"


@pytest.mark.parametrize(
    ("facts", "sql", "ending", "said"),
    [
        ([REST], GONE, "unit_ended", "This unit is no longer part of the organisation."),
        ([OFF, REST], LEFT, "unit_ended", "This unit is no longer part of the organisation."),
        ([], RETIRED, "kpi_retired", "This KPI was retired."),
        ([NO_TARGET], "", "target_withdrawn", "No target is agreed for it any more."),
    ],
)
def test_it_ends_with_its_reason_and_one_line(
    koers_home: Home, night: Night, facts: list[dict[str, Any]], sql: str, ending: str, said: str
) -> None:
    assert night(OFF).open_alerts == 1
    result = night(*facts, sql=sql)
    assert (result.resolved, result.open_alerts) == (1, 0)
    assert open_alerts(koers_home.ledger) == 0
    assert history(koers_home) == [("firing", None), ("ended", ending)]
    (_, (title, body)) = bodies(koers_home)
    assert title == "Koers: Revenue of Team Noord is no longer judged"
    assert f"1. Revenue, Team Noord\n   {said}" in body
    assert "What to do" not in body
    again = night(*facts, sql=sql)
    assert (again.fired, again.resolved, again.messages) == (0, 0, 0)


def test_a_unit_that_left_in_the_period_is_still_judged(koers_home: Home, night: Night) -> None:
    night(OFF)
    night(OFF, JUNE_REST, sql=LEFT)
    assert history(koers_home) == [("firing", None)]


@pytest.mark.fault("E7")
def test_missing_figures_end_nothing(koers_home: Home, night: Night) -> None:
    night(OFF)
    night(REST)
    assert open_alerts(koers_home.ledger) == 1


def test_it_comes_back_with_the_unit(koers_home: Home, night: Night) -> None:
    night(OFF)
    acknowledge(koers_home.ledger, "revenue/north", "eva")
    night(sql=GONE)
    night(JUNE_REST, sql=GONE)
    assert [state for state, _ in history(koers_home)] == ["firing", "acknowledged", "ended"]
    night(OFF)
    assert history(koers_home)[-1] == ("firing", None), "the same alert: its period is the newest"
    night(OFF, JULY, sql=LEFT)
    night(OFF, JULY, fact("revenue", "north", month(8), 80.0, "off_course"))
    names = [row[0] for row in published_events(koers_home.ledger)]
    assert names == [
        *["revenue/north/tolerance/2025-06-01"] * 5,
        "revenue/north/tolerance/2025-08-01",
    ]
    assert len(bodies(koers_home)) == 5, "each begin and each end, once"


def test_nobody_hears_that_what_they_never_heard_of_has_ended(
    koers_home: Home, night: Night
) -> None:
    silence(koers_home.ledger, Silence(NOW - DAY, NOW + DAY), "eva", "moving", clock=lambda: NOW)
    night(OFF)
    assert night(sql=RETIRED).messages == 0
    assert history(koers_home) == [("firing", None), ("ended", "kpi_retired")]


def test_the_drift_of_a_unit_without_a_target_ends_where_it_is_not_at_home(
    koers_home: Home, night: Night
) -> None:
    drifting = {**OFF, "process_status": "drifting", "process_score": -2.0,
                "process_band_lower": 90.0, "process_band_centre": 100.0,
                "process_band_upper": 110.0}  # fmt: skip
    top = {**drifting, "org_unit_id": "org"}
    night(drifting, top)
    bare = {"target": None, "band_lower": None, "status": "no_target"}
    night({**drifting, **bare}, {**top, **bare})
    states = {row[0]: row[4] for row in published_events(koers_home.ledger)}
    assert states == {
        "revenue/north/tolerance/2025-06-01": "ended",
        "revenue/north/drift/2025-06-01": "ended",
        "revenue/org/tolerance/2025-06-01": "ended",
        "revenue/org/drift/2025-06-01": "firing",
    }
