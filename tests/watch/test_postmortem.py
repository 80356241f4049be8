"""An alert looked back on: what was known when it fired, what was done, and what is said now."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pipelines.alert_postmortem import postmortem
from pipelines.publication import Publication, publish
from pipelines.said.recording import folder_of, record
from pipelines.settings import Channel, Home
from pipelines.watch import actions, expecting
from pipelines.watch.acts import acknowledge
from pipelines.watch.delivery import deliver
from pipelines.watch.ledger import open_ledger
from pipelines.watch.machine import ActError
from pipelines.watch.postmortem import PostMortem, post_mortem
from pipelines.watch.postmortem_lines import lines
from pipelines.watch.watching import watch
from tests.governance.test_said import file_of
from tests.publication.tiny import fact, month, warehouse

FIRED = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
ALERT = "revenue/north/tolerance/2025-06-01"
JUNE = month(6)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
FRESH = (
    "alter table dim_kpi add column sources varchar",
    "update dim_kpi set sources = 'crm, ledger'",
    "create table fct_source_freshness as select 'crm' as connector, 'deals' as stream, "
    "date '2025-06-30' as covers_until, timestamp '2025-07-01 02:00:00' as last_loaded_at",
    "update fct_kpi_status set data_as_of = date '2025-06-30', numerator = kpi_value",
)
LATER = ("update fct_source_freshness set covers_until = date '2025-07-31'",)

Night = Callable[..., Publication]


@pytest.fixture
def night(koers_home: Home) -> Night:
    """Build, judge and record June of one unit, as a publication; a day after the night before."""
    nights = 0

    def run(value: float, status: str = "off_course", *sql: str, **more: Any) -> Publication:
        nonlocal nights
        records = more.pop("records", 10)
        facts = [fact("revenue", "north", JUNE, value, status, **more)]
        made = file_of(koers_home.published, nights, facts, FIRED)
        with duckdb.connect(str(made.file)) as db:
            db.execute("update fct_kpi_status set sample_size = ?", [records])
            for statement in (*FRESH, *sql):
                db.execute(statement)
        at = FIRED + dt.timedelta(days=nights)
        nights += 1
        watch(made, koers_home.ledger, [HOOK], clock=lambda: at)
        record(folder_of(koers_home), made)
        return made

    return run


def look(home: Home, publication: Publication | None, alert: str = ALERT) -> PostMortem:
    with open_ledger(home.ledger) as ledger:
        return post_mortem(ledger, alert, folder_of(home), publication, dt.date(2025, 7, 9))


def shown(found: PostMortem) -> str:
    text = "\n".join(lines(found, dt.UTC, "EUR"))
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_what_was_known_when_it_fired(koers_home: Home, night: Night) -> None:
    first = night(80.0)
    found = look(koers_home, first)
    assert (found.fired_at, found.publication_id) == (FIRED, first.publication_id)
    assert (found.row.kpi_value, found.row.target, found.row.band_lower) == (80, 100, 90)
    assert found.known is not None
    assert (found.known.numerator, found.known.sample_size) == (80, 10)
    assert found.known.data_as_of == dt.date(2025, 6, 30)
    [crm] = found.known.sources
    assert (crm.connector, crm.covers_until) == ("crm", dt.date(2025, 6, 30))
    assert crm.loaded_at == dt.datetime(2025, 7, 1, 2, tzinfo=dt.UTC)
    assert found.definition is not None
    assert found.definition["direction"] == "higher"
    assert found.today is not None
    assert (found.today.differences, found.today.reasons) == ({}, ())
    text = shown(found)
    assert "The same as then." in text
    assert "crm up to 2025-06-30, read 2025-07-01 02:00" in text
    assert "80.00, of 10 records" in text


@pytest.mark.parametrize(
    ("value", "sql", "more", "reasons", "differs"),
    [
        (95.0, (), {"records": 12}, ("restatement", "late_data"), {"kpi_value", "sample_size"}),
        (95.0, (), {"version": "2"}, ("definition",), {"kpi_value", "definition_version"}),
        (80.0, (), {"target": 70.0}, ("target",), {"target"}),
    ],
)
def test_then_against_now(
    koers_home: Home,
    night: Night,
    value: float,
    sql: tuple[str, ...],
    more: dict[str, Any],
    reasons: tuple[str, ...],
    differs: set[str],
) -> None:
    night(80.0)
    today = look(koers_home, night(value, "off_course", *LATER, *sql, **more)).today
    assert today is not None
    assert today.reasons == reasons
    assert differs <= set(today.differences)
    assert today.sources[0].covers_until == dt.date(2025, 7, 31)


@pytest.mark.fault("D10")
def test_a_redefinition_is_told_by_the_field(koers_home: Home, night: Night) -> None:
    night(80.0)
    lower = "update dim_kpi set direction = 'lower'"
    found = look(koers_home, night(80.0, "off_course", lower, version="2"))
    assert found.today is not None
    assert found.today.redefined == {"direction": ("higher", "lower")}
    assert "direction: higher -> lower" in shown(found)
    assert "redefined" in shown(found)


def test_it_is_all_there_after_everything_was_built_again(koers_home: Home, night: Night) -> None:
    """The warehouse and all publications are gone; the ledger and what was said are state."""
    before = look(koers_home, night(80.0))
    shutil.rmtree(koers_home.published)
    gone = look(koers_home, None)
    assert gone.today is None
    assert "Nothing is published now" in shown(gone)
    after = look(koers_home, night(84.0, records=11))
    for name in ("fired_at", "publication_id", "row", "known", "definition", "moved_by"):
        assert getattr(after, name) == getattr(before, name) == getattr(gone, name), name
    assert after.today is not None
    assert after.today.differences["kpi_value"] == (80.0, 84.0)
    assert after.today.reasons == ("restatement", "late_data")


def test_who_was_told_and_who_did_what(koers_home: Home, night: Night) -> None:
    made = night(80.0)
    ledger, after = koers_home.ledger, FIRED + dt.timedelta(hours=5)
    taken: list[str] = []
    deliver(
        ledger, [HOOK], lambda: FIRED + dt.timedelta(minutes=3),
        send=lambda url, message: taken.append(message.title), environment={"KOERS_HOOK": "x"},
    )  # fmt: skip
    acknowledge(ledger, ALERT, "noor", "on it", lambda: after)
    until = dt.date(2025, 7, 20)
    actions.add(ledger, ALERT, "Call", "eva", until, "noor", clock=lambda: after)
    actions.drop(ledger, ALERT, "eva", "No time", lambda: after + dt.timedelta(days=1))
    expecting.expect(ledger, ALERT, "bo", "a fair", clock=lambda: after + dt.timedelta(days=2))
    found = look(koers_home, made)
    assert [(step.kind, step.what, step.by) for step in found.timeline] == [
        ("transition", "firing", None),
        ("message", "hook", None),
        ("transition", "acknowledged", "noor"),
        ("action", "open: Call", "noor"),
        ("action", "dropped: Call", "eva"),
        ("transition", "acknowledged", "bo"),
    ]
    assert taken
    assert (found.timeline[1].to, found.timeline[1].sent_at) == (
        "noor",
        FIRED + dt.timedelta(minutes=3),
    )
    [(action, outcome)] = found.outcomes
    assert outcome is not None
    assert (action.state, outcome.answer) == ("dropped", "dropped")
    [says] = found.expected
    assert (says["why"], says["is_expected"], says["by"]) == ("a fair", True, "bo")
    assert "message to noor over hook, sent" in shown(found)


def test_one_that_is_over_and_one_that_is_not_there(koers_home: Home, night: Night) -> None:
    night(80.0)
    made = night(95.0, "on_course")
    found = look(koers_home, made, "revenue/n")
    assert found.state == "resolved"
    assert found.row.kpi_value == 80
    with pytest.raises(ActError, match="No open alert"):
        look(koers_home, made, "nothing")


def test_what_was_undone_since_is_no_reason(koers_home: Home, night: Night) -> None:
    first = night(80.0)
    night(85.0, records=12)
    record(folder_of(koers_home), first, rolled_back=FIRED + dt.timedelta(days=1, hours=3))
    today = look(koers_home, first).today
    assert today is not None
    assert (today.differences, today.reasons) == ({}, ())
    again = look(koers_home, night(70.0, records=8)).today
    assert again is not None
    assert again.reasons == ("restatement", "withdrawn_data")


def test_the_command(koers_home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    warehouse(koers_home.warehouse, [fact("revenue", "north", JUNE, 80.0, "off_course")])
    watch(publish(koers_home.warehouse, koers_home, run_id="r", keep=9), koers_home.ledger)
    postmortem("revenue")
    assert "What was known then" in capsys.readouterr().out
    postmortem(ALERT, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["row"]["kpi_value"], found["known"]["sample_size"]) == (80.0, 10)
    assert found["today"]["differences"] == {}
