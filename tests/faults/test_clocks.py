"""Clocks that go back or ahead, and nights of another length: ids and watermarks only grow, nothing
is lost, and the nightly run starts once."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.export import ingest_inbox
from connectors.core.landing import Landing
from pipelines.defs.schedules import nightly_schedule
from pipelines.nights import last_run, overdue_since, write_down
from pipelines.publication import current, publish, snapshots
from pipelines.settings import DBT_PROJECT_DIR, Home
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.watching import watch
from tests.landing.making import TOOL, csv, deal, landed, put
from tests.publication.tiny import fact, month, warehouse

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = dt.datetime(2026, 6, 15, 0, 15, tzinfo=dt.UTC)
WRONG = {
    "an hour back": [NIGHT, NIGHT - dt.timedelta(hours=1)],
    "a day back": [NIGHT, NIGHT - dt.timedelta(days=1), NIGHT + dt.timedelta(days=1)],
    "a day ahead, and back": [NIGHT, NIGHT + dt.timedelta(days=1), NIGHT],
    "2038, and back": [NIGHT, dt.datetime(2038, 1, 20, tzinfo=dt.UTC), NIGHT],
    "standing still": [NIGHT, NIGHT, NIGHT],
}
clocks = pytest.mark.parametrize("nights", WRONG.values(), ids=WRONG)


@pytest.mark.fault("D3")
@clocks
def test_loads_are_in_the_order_in_which_they_came(
    tmp_path: Path, nights: list[dt.datetime]
) -> None:
    """Of two versions of a record without a moment of their own the one that came last counts,
    whatever the clock said; and the reach of the data never goes back."""
    reaches = []
    for number, now in enumerate(nights):
        rows = [deal(1, f"{number},00"), deal(100 + number)]
        put(tmp_path, TOOL, f"{number}.csv", csv(rows))
        ingest_inbox(TOOL, tmp_path / "inbox", tmp_path / "landing", now=now, settle_seconds=0)
        newest = Landing(tmp_path / "landing").newest(TOOL.name, "deals")
        assert newest is not None
        reaches.append(newest.covers_until)
    ids = Landing(tmp_path / "landing").load_ids(TOOL.name, "deals")
    assert len(ids) == len(nights)
    found = landed(tmp_path)
    assert len(found) == 1 + len(nights), "no row is lost"
    assert json.loads(found["1"])["amount"] == str(len(nights) - 1)
    assert reaches == sorted(reaches)


@pytest.mark.fault("D3")
@clocks
def test_every_publication_is_newer_judged_and_told(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch, nights: list[dt.datetime]
) -> None:
    """A publication that looked older than the last would be judged by nobody."""
    for number, now in enumerate(nights, 1):
        value, status = (80.0, "off_course") if number % 2 else (98.0, "on_course")
        facts = [fact("revenue", "north", month(number), value, status)]
        made = publish(
            warehouse(koers_home.warehouse, facts),
            koers_home,
            run_id=f"night-{number}",
            keep=9,
            alert_events=published_events(koers_home.ledger),
            clock=lambda now=now: now,
        )
        assert current(koers_home) == made
        judged = watch(made, koers_home.ledger, clock=lambda now=now: now)
        assert judged.evaluated
        assert judged.fired + judged.resolved == 1
    ids = [each.publication_id for each in reversed(snapshots(koers_home))]
    assert ids == sorted(set(ids))
    assert len(ids) == len(nights)
    with open_ledger(koers_home.ledger) as ledger:
        states = [row[0] for row in ledger.execute("select state from alert_events order by 1")]
    assert len(states) == len(nights)


@pytest.mark.fault("D3")
@given(st.lists(st.integers(0, 100 * 366 * 86_400), max_size=8))
def test_ids_of_loads_only_grow(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int]
) -> None:
    landing = Landing(tmp_path_factory.mktemp("clock"))
    given_ids = [
        landing.next_load_id("crm", dt.datetime.fromtimestamp(each, dt.UTC)) for each in seconds
    ]
    assert given_ids == sorted(set(given_ids))


@pytest.mark.fault("D3")
def test_a_run_that_ended_in_the_future_hides_no_missing_ones_for_ever(koers_home: Home) -> None:
    """With the clock right again, the next run that ends puts it right."""
    write_down(koers_home, [], clock=lambda: dt.datetime(2038, 1, 20, tzinfo=dt.UTC))
    write_down(koers_home, [], clock=lambda: NIGHT)
    assert last_run(koers_home) == NIGHT
    assert overdue_since(koers_home, NIGHT + dt.timedelta(days=2)) is not None


@pytest.mark.fault("D1")
@pytest.mark.parametrize("nightly_at", ["02:15", "02:30", "03:00", "00:30"])
@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25)])
def test_the_schedule_fires_once_in_every_night(
    monkeypatch: pytest.MonkeyPatch, nightly_at: str, day: dt.date
) -> None:
    """Also in the night in which 02:30 comes twice, and in the one in which it does not come."""
    monkeypatch.setenv("KOERS_NIGHTLY_AT", nightly_at)
    monkeypatch.setenv("KOERS_TIME_ZONE", "Europe/Amsterdam")
    begin = dt.datetime.combine(day - dt.timedelta(days=2), dt.time(12), AMSTERDAM)
    end = dt.datetime.combine(day + dt.timedelta(days=2), dt.time(12), AMSTERDAM)
    schedule, ticks = nightly_schedule(), []
    for tick in schedule_execution_time_iterator(
        begin.timestamp(), str(schedule.cron_schedule), schedule.execution_timezone
    ):
        if tick > end:
            break
        ticks.append(tick.astimezone(AMSTERDAM))
    assert [tick.date() for tick in ticks] == [day + dt.timedelta(days=n) for n in (-1, 0, 1, 2)], (
        ticks
    )
    assert ticks == sorted(ticks)


BUSINESS_DATE = (
    """cast(timezone('{{ env_var("KOERS_TIME_ZONE", "Europe/Amsterdam") }}', """
    """try_cast({{ cell }} as timestamptz)) as date)"""
)
"""How the models take the day of a moment."""


@pytest.mark.fault("D1")
@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25)]
)
def test_a_day_is_a_day_of_the_calendar(day: dt.date, hours: int) -> None:
    """All hours of a day of 23 or 25 of them, 02:30 twice where it comes twice, and no other."""
    assert BUSINESS_DATE in (DBT_PROJECT_DIR / "macros" / "casting.sql").read_text()
    date = BUSINESS_DATE.replace("{{ cell }}", "cell").partition("{{")
    date = f"{date[0]}Europe/Amsterdam{date[2].partition('}}')[2]}"
    begin = dt.datetime.combine(day, dt.time(), AMSTERDAM).astimezone(dt.UTC)
    moments = [begin + dt.timedelta(minutes=30 * n) for n in range(-2, 2 * hours + 2)]
    cells = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        counted = connection.execute(
            f"select count(*) from (select unnest(?::varchar[]) as cell) where {date} = ?",
            [cells, day],
        ).fetchone()
    assert counted == (2 * hours,)
