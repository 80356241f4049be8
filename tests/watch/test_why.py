"""Why there is an alert, or none: whatever decides it is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pipelines.publication import open_publication, publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.watch.acts import acknowledge, silence, snooze
from pipelines.watch.drift import Silence
from pipelines.watch.history import latest, silences
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.listing import WIDTH, history_of, listed, shown, wrapped
from pipelines.watch.sources import watch_sources
from pipelines.watch.watching import watch
from pipelines.watch.why import UnknownNameError, why
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK", quiet_from="22:00", quiet_until="07:00")
CHOSEN = Settings(alerts=Alerts(channels=[HOOK]))
ALERT = "revenue/north/tolerance/2025-06-01"
JUNE = month(6)
OFF = fact("revenue", "north", JUNE, 80.0, "off_course")
OTHER = fact("revenue", "south", month(7), 95.0, "on_course")
SOURCES = (
    "alter table dim_kpi add column sources varchar; "
    "update dim_kpi set sources = 'crm, ledger' where kpi = 'revenue'; "
    "create table fct_source_freshness (connector varchar, stream varchar, last_load_id varchar, "
    "last_loaded_at timestamp, covers_until date); "
    "insert into fct_source_freshness values ('crm', 'deals', 'x', null, '2025-03-31'), "
    "('ledger', 'entries', 'x', null, '2025-06-30')"
)

Asked = Callable[..., str]


@pytest.fixture
def asked(koers_home: Home) -> Asked:
    """Judges these facts, then asks why."""

    def ask(
        *facts: dict[str, Any],
        sql: str = "",
        kpi: str = "revenue",
        unit: str = "north",
        act: Callable[[], object] = lambda: None,
        chosen: Settings = CHOSEN,
    ) -> str:
        warehouse(koers_home.warehouse, facts)
        with duckdb.connect(str(koers_home.warehouse)) as db:
            db.execute("alter table dim_org_unit add column valid_to date default '9999-12-31'")
            db.execute(sql or "select 1")
        made = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
        watch(made, koers_home.ledger, [HOOK], lambda: NOW)
        today = NOW.astimezone(chosen.zone).date()
        watch_sources(made, koers_home.ledger, chosen.alerts, today=today, clock=lambda: NOW)
        act()
        with open_publication(made) as facts_of, open_ledger(koers_home.ledger) as ledger:
            return "\n".join(why(kpi, unit, facts_of, ledger, chosen, pulled=[], now=NOW))

    return ask


def test_one_that_fires_with_its_figures_and_its_quiet_hours(asked: Asked) -> None:
    text = asked(OFF)
    assert text.startswith("Revenue of Team Noord, 2025-06-01:\n  Value €80.00, target €100.00")
    assert f"Alert: firing since 2025-06-01, {ALERT}" in text
    assert "Messages over hook wait for the end of its quiet hours, 07:00." in text


def test_who_did_something_about_it(koers_home: Home, asked: Asked) -> None:
    assert "acknowledged by eva" in asked(
        OFF, act=lambda: acknowledge(koers_home.ledger, ALERT, "eva")
    )
    until = NOW + 3 * DAY
    assert "Quiet until 2025-07-04 05:00" in asked(
        OFF, act=lambda: snooze(koers_home.ledger, ALERT, until, "eva", clock=lambda: NOW)
    )


def test_one_that_another_explains(asked: Asked) -> None:
    text = asked(OFF, {**OFF, "org_unit_id": "org"})
    assert "Not told on its own: revenue/org/tolerance/2025-06-01 explains it." in text


def test_a_silence(koers_home: Home, asked: Asked) -> None:
    holds = Silence(NOW - DAY, NOW + DAY, kpi="revenue")
    silence(koers_home.ledger, holds, "eva", "moving house", clock=lambda: NOW)
    text = asked(OFF)
    assert "Silence of revenue until 2025-07-02 05:00: moving house." in text
    assert "Nobody was told of it yet." in text


def test_a_stale_source_with_all_that_is_silent_for_it(asked: Asked) -> None:
    text = asked(OFF, sql=SOURCES)
    assert "Its source crm gives no data since 2025-03-31 (allowed are 35 days)." in text
    assert "Silent for it: Revenue." in text
    assert "crm/stale_source/2025-03-31" in text
    assert "ledger" not in text


def test_history_that_stopped_has_no_stale_source(asked: Asked) -> None:
    stopped = CHOSEN.model_copy(update={"end_date": dt.date(2025, 6, 30)})
    assert "gives no data" not in asked(OFF, sql=SOURCES, chosen=stopped)


def test_a_unit_that_ended(asked: Asked) -> None:
    left = "update dim_org_unit set valid_to = '2025-06-30' where org_unit_id = 'north'"
    asked(OFF)
    text = asked(OFF, OTHER, sql=left)
    assert "not judged, since this unit is no longer part of the organisation." in text
    assert "Its last day was 2025-06-30." in text
    assert "It ended by itself: this unit is no longer part" in text


@pytest.mark.parametrize(
    ("facts", "unit", "said"),
    [
        ([OFF, OTHER], "north", "newest closed and complete period of revenue is that"),
        ([OTHER], "north", "Not judged: revenue has no figures of north."),
        ([{**OFF, "is_closed": False}], "north", "has no period that is closed and complete"),
        ([OFF], "sales/unassigned-team", "never has an alert"),
        ([{**OFF, "org_unit_id": "p1"}], "p1", "No alerts are made for a person"),
        ([{**OFF, "target": None, "band_lower": None, "status": "no_target"}], "north",
         "not judged, since no target is agreed for it."),
    ],
)  # fmt: skip
def test_what_is_not_judged(
    asked: Asked, facts: list[dict[str, Any]], unit: str, said: str
) -> None:
    assert said in asked(*facts, unit=unit)


def test_no_channel(asked: Asked) -> None:
    none = Settings(alerts=Alerts(channels=[HOOK.model_copy(update={"owners": ["eva"]})]))
    assert "No channel of koers.yaml takes messages to noor about a team." in asked(
        OFF, chosen=none
    )


@pytest.mark.parametrize(("kpi", "unit"), [("revenues", "north"), ("revenue", "nowhere")])
def test_a_name_that_is_not_there(asked: Asked, kpi: str, unit: str) -> None:
    with pytest.raises(UnknownNameError, match="is not there"):
        asked(OFF, kpi=kpi, unit=unit)


def test_lists_fit_in_eighty_columns(koers_home: Home, asked: Asked) -> None:
    long = "A very long reason, " * 12
    holds = Silence(NOW - DAY, NOW + DAY, owner="eva")
    text = asked(
        OFF,
        {**OFF, "org_unit_id": "org"},
        sql=SOURCES,
        act=lambda: (
            silence(koers_home.ledger, holds, "eva", long, clock=lambda: NOW),
            acknowledge(koers_home.ledger, ALERT, "eva", long),
        ),
    )
    with open_ledger(koers_home.ledger) as ledger:
        alerts = latest(ledger)
        lines = listed(alerts.values(), silences(ledger, NOW), CHOSEN.zone)
    told = alerts["revenue", "north", "tolerance"]
    events = history_of(told.alert.alert_id, published_events(koers_home.ledger))
    lines += shown(told, events, CHOSEN.zone, "EUR")
    lines += [part for line in text.splitlines() for part in wrapped(line)]
    assert max(map(len, lines)) <= WIDTH
    assert "Source crm gives no data since 2025-03-31, data" in "\n".join(lines)
