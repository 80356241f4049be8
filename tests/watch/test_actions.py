"""Corrective actions: agreed on, done or dropped, and how the KPI changed after them."""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3

import pytest

from pipelines.publication import Publication, open_publication, publish
from pipelines.settings import Home
from pipelines.watch.actions import (
    Action,
    Outcome,
    actions,
    add,
    drop,
    finish,
    outcome,
)
from pipelines.watch.ledger import open_ledger
from pipelines.watch.machine import ActError
from pipelines.watch.outcome_words import in_words
from pipelines.watch.watching import watch
from tests.commands import koers
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
ALERT = "revenue/north/tolerance/2025-06-01"
START, UNTIL = dt.date(2025, 7, 2), dt.date(2025, 7, 20)
JUNE = month(6)


def periods(last: dt.date, lift: float) -> list[tuple[dt.date, float]]:
    """Months from January 2024 on, higher by `lift` from August 2025 on."""
    chance = random.Random(5)  # noqa: S311
    months = [month(1 + at % 12, 2024 + at // 12) for at in range(36)]
    noisy = [(m, 80 + chance.gauss(0, 2) + lift * (m >= month(8))) for m in months]
    return [(m, value) for m, value in noisy if m <= last]


def night(home: Home, last: dt.date = JUNE, lift: float = 0.0) -> Publication:
    rows = [fact("revenue", "north", m, value, "off_course") for m, value in periods(last, lift)]
    warehouse(home.warehouse, rows)
    published = publish(home.warehouse, home, run_id="r", keep=2)
    watch(published, home.ledger, clock=lambda: NOW)
    return published


@pytest.fixture
def agreed(koers_home: Home) -> Action:
    night(koers_home)
    return add(koers_home.ledger, ALERT, "Call", "noor", UNTIL, "bo", START, lambda: NOW)


def said(home: Home, last: dt.date, lift: float, today: dt.date) -> Outcome:
    published = night(home, last, lift)
    with open_ledger(home.ledger) as ledger:
        (action,) = actions(ledger, ALERT)
    with open_publication(published) as facts:
        return outcome(facts, action, today)


def test_not_due_then_too_early_then_told(koers_home: Home, agreed: Action) -> None:
    assert agreed.action_id == f"{ALERT}#1"
    assert said(koers_home, month(6), 0, UNTIL).answer == "not_due"
    early = said(koers_home, month(9), 30, month(10))
    assert (early.answer, early.closed_before, early.closed_after) == ("too_early", 18, 2)
    told = said(koers_home, month(11), 30, month(12))
    assert told.answer == "changed"
    assert told.change is not None
    assert told.change.lower < 30 < told.change.upper
    assert (told.change.periods_before, told.change.periods_after) == (18, 4)
    assert "because" not in in_words(told, "en", "currency", "EUR")
    assert in_words(told, "en", "currency", "EUR").startswith("changed after it: from ")


def test_nothing_changed_cannot_be_told_from_chance(koers_home: Home, agreed: Action) -> None:
    told = said(koers_home, month(12), 0, month(1, 2026))
    assert in_words(told, "en", "currency", "EUR").startswith("cannot be told")


def test_what_was_done_later_is_compared_from_then(koers_home: Home, agreed: Action) -> None:
    later = dt.datetime(2025, 9, 10, tzinfo=dt.UTC)
    with pytest.raises(ActError, match="cannot be done on 2025-07-01"):
        finish(koers_home.ledger, ALERT, "noor", done_on=dt.date(2025, 7, 1), clock=lambda: later)
    done = finish(koers_home.ledger, ALERT, "noor", "At last", clock=lambda: later)
    assert done.done_on == later.date()
    assert said(koers_home, month(11), 30, month(12)).closed_after == 2
    with pytest.raises(ActError, match="is done already"):
        drop(koers_home.ledger, agreed.action_id, "noor", "No")


def test_a_dropped_action_says_why_and_is_compared_with_nothing(
    koers_home: Home, agreed: Action
) -> None:
    with pytest.raises(ActError, match="Say why"):
        drop(koers_home.ledger, agreed.action_id, "noor", " ")
    drop(koers_home.ledger, agreed.action_id, "noor", "No budget")
    assert said(koers_home, month(12), 30, month(1, 2026)).answer == "dropped"
    second = add(koers_home.ledger, ALERT, "Mail", "noor", UNTIL, "bo", START)
    assert second.action_id == f"{ALERT}#2"
    with open_ledger(koers_home.ledger) as ledger:
        notes = [(each.state, each.note) for each in actions(ledger)]
        assert notes == [("dropped", "No budget"), ("open", None)]
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            ledger.execute("delete from action_events")


@pytest.mark.parametrize(
    ("alert", "what", "until", "problem"),
    [
        ("nothing", "Call", UNTIL, "No open alert"),
        (ALERT, " ", UNTIL, "Say what"),
        (ALERT, "Call", dt.date(2025, 7, 1), "cannot be due"),
    ],
)
def test_what_makes_no_sense_is_refused(
    koers_home: Home, alert: str, what: str, until: dt.date, problem: str
) -> None:
    night(koers_home)
    with pytest.raises(ActError, match=problem):
        add(koers_home.ledger, alert, what, "noor", until, "bo", START)


def test_days_are_compared_by_the_week(koers_home: Home, agreed: Action) -> None:
    published = night(koers_home)
    with open_publication(published) as facts:
        facts.execute("create temp table dim_kpi as select 'revenue' as kpi, 'day' as cadence")
        # Monday to Sunday 0 to 6: no two days alike and all weeks the same; one week has four days.
        facts.execute(
            "create temp table fct_kpi_status as select 'revenue' as kpi, 'north' as org_unit_id, "
            "'day' as grain, d::date as period_start, d::date as period_end, "
            "isodow(d) - 1.0 as kpi_value, true as is_closed, true as is_complete, 9.0 as target, "
            "8.0 as band_lower, null::double as band_upper "
            "from range(date '2025-03-03', date '2025-08-29', interval 1 day) as days(d)"
        )
        told = outcome(facts, agreed, dt.date(2025, 9, 1))
    assert told.change is not None
    assert (told.change.difference, told.change.lower, told.change.upper) == (0, 0, 0)
    assert (told.closed_before, told.closed_after) == (17, 5)


def test_the_commands(koers_home: Home) -> None:
    night(koers_home)
    asked = ["--what", "Call", "--who", "noor", "--until", "2025-07-20", "--from", "2025-07-02"]
    done = koers(koers_home, "alerts", "action", ALERT, *asked)
    assert done.stdout == f"{ALERT}#1: Call (noor, until 2025-07-20)\n", done.stderr
    night(koers_home, month(11), 30)
    shown = koers(koers_home, "alerts", "show", ALERT).stdout
    assert "changed after it: from " in shown
    (found,) = json.loads(koers(koers_home, "alerts", "actions", "--json").stdout)
    assert (found["answer"], found["change"]["periods_before"]) == ("changed", 18)
