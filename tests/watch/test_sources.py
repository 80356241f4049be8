"""A source that gives no more data: one alert, to those who look after the data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest

from pipelines.publication import publish
from pipelines.settings import Alerts, Channel, Home
from pipelines.watch.acts import acknowledge, snooze
from pipelines.watch.drift import Event
from pipelines.watch.ledger import open_alerts, open_ledger, published_events
from pipelines.watch.sources import Source, watch_sources
from pipelines.watch.watching import remind, watch
from tests.commands import koers
from tests.publication.tiny import warehouse

DAY = dt.timedelta(days=1)
UNTIL = dt.date(2025, 6, 20)
ALERTS = Alerts(
    channels=[
        Channel(name="team", url_env="X", owners=["data"]),
        Channel(name="all", url_env="Y"),
        Channel(name="board", url_env="Z", owners=["directie"]),
    ],
    language="en",
)


class Nights:
    """A home whose HubSpot data, of an API, and ledger files go up to a day that can be moved."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.hubspot = UNTIL
        self.alerts = ALERTS
        self.is_removed = False

    def run(self, today: dt.date, **more: Any) -> list[Event]:
        warehouse(self.home.warehouse)
        with duckdb.connect(str(self.home.warehouse)) as db:
            db.execute(
                "create table fct_source_freshness as select * from (values"
                " ('hubspot', 'deals', cast(? as date)), ('hubspot', 'owners', null),"
                " ('ledger', 'entries', cast(? as date)), ('organisation', 'people', null)"
                ") as t(connector, stream, covers_until)",
                [self.hubspot, UNTIL],
            )
            if self.is_removed:
                db.execute("delete from fct_source_freshness where connector = 'hubspot'")
            db.execute("alter table dim_kpi add column sources varchar")
            db.execute("update dim_kpi set sources = 'crm, hubspot' where kpi <> 'nps'")
        published = publish(self.home.warehouse, self.home, run_id="r", keep=2)
        watch(published, self.home.ledger, self.alerts.channels)
        return watch_sources(
            published,
            self.home.ledger,
            self.alerts,
            today=today,
            pulled=["hubspot"],
            clock=lambda: dt.datetime.combine(today, dt.time(3), dt.UTC),
            **more,
        )

    def said(self) -> list[tuple[str, str]]:
        with open_ledger(self.home.ledger) as ledger:
            rows = ledger.execute("select channel, title from outbox order by message_id")
            return [(row["channel"], row["title"]) for row in rows]


@pytest.fixture
def nights(koers_home: Home) -> Nights:
    return Nights(koers_home)


@pytest.mark.fault("E7")
@pytest.mark.parametrize(("days_later", "stale"), [(1, False), (4, False), (5, True), (30, True)])
def test_how_old_data_may_be(days_later: int, stale: bool) -> None:
    assert Source("hubspot", UNTIL, 3).is_stale(UNTIL + days_later * DAY) is stale


@pytest.mark.fault("B23", "E7")
def test_one_alert_from_the_day_it_is_too_old_until_it_gives_data_again(
    nights: Nights, koers_home: Home
) -> None:
    assert nights.run(UNTIL + 4 * DAY) == []
    (event,) = nights.run(UNTIL + 5 * DAY)
    assert (event.alert_id, event.state) == ("hubspot/stale_source/2025-06-20", "firing")
    for later in (6, 7, 8):
        assert nights.run(UNTIL + later * DAY) == []
    assert open_alerts(koers_home.ledger) == 1
    nights.hubspot = UNTIL + 8 * DAY
    (over,) = nights.run(UNTIL + 9 * DAY)
    assert (over.alert_id, over.state) == (event.alert_id, "resolved")
    assert nights.said() == [
        ("team", "Koers: hubspot gives no more data (up to 20 June 2025)"),
        ("team", "Koers: hubspot gives data again (up to 28 June 2025)"),
    ]
    (again,) = nights.run(UNTIL + 20 * DAY)
    assert again.alert_id == "hubspot/stale_source/2025-06-28"
    assert len({row[8] for row in published_events(koers_home.ledger)}) == 3


@pytest.mark.fault("B23")
def test_the_message_names_the_kpis_that_wait(nights: Nights, koers_home: Home) -> None:
    nights.run(UNTIL + 5 * DAY)
    with open_ledger(koers_home.ledger) as ledger:
        body = ledger.execute("select body from outbox").fetchone()[0]
    assert "The data of hubspot go up to 20 June 2025; they may be 3 days old." in body
    assert "2 KPIs wait for it, and are not judged until then: Revenue, Win rate." in body


def test_the_alert_of_a_source_that_is_removed_ends_with_one_message(
    nights: Nights, koers_home: Home
) -> None:
    nights.run(UNTIL + 5 * DAY)
    nights.hubspot = None  # type: ignore[assignment]
    assert nights.run(UNTIL + 6 * DAY) == []
    nights.is_removed = True
    (over,) = nights.run(UNTIL + 7 * DAY)
    assert (over.alert_id, over.state) == ("hubspot/stale_source/2025-06-20", "ended")
    assert over.at.ending == "source_removed"
    assert nights.run(UNTIL + 8 * DAY) == []
    assert open_alerts(koers_home.ledger) == 0
    assert nights.said()[-1] == ("team", "Koers: hubspot is no source any more")
    with open_ledger(koers_home.ledger) as ledger:
        body = ledger.execute("select body from outbox order by message_id desc").fetchone()[0]
    assert "This source is no longer used." in body


def test_files_may_be_older_and_any_source_may_have_its_own_age(nights: Nights) -> None:
    events = nights.run(UNTIL + 37 * DAY)
    assert {event.row.kpi for event in events} == {"hubspot", "ledger"}
    nights.alerts = ALERTS.model_copy(update={"stale_after": {"ledger": 90, "hubspot": 90}})
    assert {event.state for event in nights.run(UNTIL + 38 * DAY)} == {"resolved"}


def test_an_alert_about_a_source_can_be_acknowledged_and_snoozed(
    nights: Nights, koers_home: Home
) -> None:
    nights.run(UNTIL + 5 * DAY)
    now = dt.datetime.combine(UNTIL + 5 * DAY, dt.time(9), dt.UTC)
    snooze(koers_home.ledger, "hubspot", now + 2 * DAY, "eva", clock=lambda: now)
    assert nights.run(UNTIL + 6 * DAY) == []
    assert remind(koers_home.ledger, ALERTS.channels, lambda: now + 3 * DAY) == 0
    (woken,) = nights.run(UNTIL + 8 * DAY)
    assert (woken.state, woken.is_news) == ("firing", True)
    acknowledge(koers_home.ledger, "hubspot", "eva")
    assert nights.run(UNTIL + 30 * DAY) == []
    listed = koers(koers_home, "alerts", "list").stdout
    assert listed.splitlines()[:4] == [
        "Acknowledged (1)",
        "  Source hubspot gives no data since 2025-06-20, data",
        "    hubspot/stale_source/2025-06-20",
        "    by eva",
    ]
    assert "Its data go up to 2025-06-20." in koers(koers_home, "alerts", "show", "hubspot").stdout
