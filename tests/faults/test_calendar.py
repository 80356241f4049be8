"""In which period an event counts: a golden year, over three time zones, held against plain Python.

2020 has everything: a leap day, a week 53, and in each zone that moves its clocks a day of 23 and
one of 25 hours. Events lie at, just before and just after every boundary of a day, month, fiscal
quarter, year and ISO week that is odd, and every half hour of the days on which clocks move.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.settings import Home
from tests.line.building import dbt
from tests.line.line import ingest, write

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("calendar")]

NOW = dt.datetime(2021, 2, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BOUNDARIES = (
    dt.date(2020, 1, 1),  # a year
    dt.date(2020, 2, 29),  # the leap day
    dt.date(2020, 3, 1),  # and its end, the end of a month
    dt.date(2020, 4, 1),  # a quarter, and a fiscal year
    dt.date(2020, 7, 1),  # another
    dt.date(2020, 12, 28),  # week 53 begins
    dt.date(2021, 1, 1),  # the year ends in the middle of it
    dt.date(2021, 1, 4),  # week 1 begins
)
HEAD = (
    "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Campaign,Create Date,Close Date,"
    "Last Modified Date\n"
)


@dataclass(frozen=True)
class Business:
    """short, long: its days of 23 and 25 hours."""

    zone: ZoneInfo
    fiscal_year_starts: int
    short: dt.date
    long: dt.date


BUSINESSES = (
    Business(ZoneInfo("Europe/Amsterdam"), 1, dt.date(2020, 3, 29), dt.date(2020, 10, 25)),
    Business(ZoneInfo("America/New_York"), 4, dt.date(2020, 3, 8), dt.date(2020, 11, 1)),
    Business(ZoneInfo("Pacific/Auckland"), 7, dt.date(2020, 9, 27), dt.date(2020, 4, 5)),
)


def instants() -> Iterator[dt.datetime]:
    """In UTC, the same for every business."""
    for business in BUSINESSES:
        for day in BOUNDARIES:
            midnight = dt.datetime.combine(day, dt.time(), business.zone).astimezone(dt.UTC)
            for seconds in (-1, 0, 1):
                yield midnight + dt.timedelta(seconds=seconds)
        for day in (business.short, business.long):
            noon = dt.datetime.combine(day, dt.time(12), business.zone).astimezone(dt.UTC)
            yield from (noon + n * HOUR / 2 for n in range(-30, 31))


EVENTS = [
    # Every seventh is a credit note.
    (moment, Decimal(n * 101 + 1) / 100 * (-1 if n % 7 == 0 else 1))
    for n, moment in enumerate(sorted(set(instants())), start=1)
]


def period(grain: str, day: dt.date, fiscal_year_starts: int) -> dt.date:
    """The first day of the period that a day is in, by the textbook."""
    if grain == "day":
        return day
    if grain == "week":
        return day - dt.timedelta(days=day.isoweekday() - 1)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    since = (day.month - fiscal_year_starts) % months if grain != "month" else 0
    index = day.year * 12 + day.month - 1 - since
    return dt.date(index // 12, index % 12 + 1, 1)


Sums = dict[tuple[str, dt.date], tuple[Decimal, int]]
GRAINS = ("day", "week", "month", "quarter", "year")


def reference(business: Business) -> Sums:
    """Revenue and orders of the organisation by grain and first day."""
    sums: defaultdict[tuple[str, dt.date], list[Decimal]] = defaultdict(list)
    for moment, amount in EVENTS:
        day = moment.astimezone(business.zone).date()
        for grain in GRAINS:
            sums[grain, period(grain, day, business.fiscal_year_starts)].append(amount)
    return {key: (sum(amounts, Decimal(0)), len(amounts)) for key, amounts in sums.items()}


@pytest.fixture(scope="module", params=BUSINESSES, ids=lambda each: each.zone.key)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Business, duckdb.DuckDBPyConnection]]:
    """The facts of a business in its own zone, of the same events."""
    business: Business = request.param
    home = Home(Path(tmp_path_factory.mktemp("calendar")) / "home")
    home.root.mkdir()
    home.settings_file.write_text(
        f"time_zone: {business.zone.key}\nfiscal_year_starts: {business.fiscal_year_starts}\n"
    )
    rows = [
        f"{n},Ann,Closed won,{amount},EUR,,2019-12-01 10:00,{moment.isoformat()},2021-01-20 10:00"
        for n, (moment, amount) in enumerate(EVENTS)
    ]
    write(home.inbox / "hubspot", "deals.csv", HEAD + "\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)
        landed = ingest(home, NOW)
        assert not [file for each in landed.values() for file in each.files if file.refused]
        dbt(["run", "--select", "+fct_kpi_values", "+dim_date"], home)
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        yield business, facts


def counted(facts: duckdb.DuckDBPyConnection, kpi: str) -> dict[tuple[str, dt.date], Decimal]:
    rows = facts.execute(
        "select grain, period_start, numerator from fct_kpi_values where kpi = ?"
        " and org_unit_id = 'organisation' and numerator <> 0",
        [kpi],
    ).fetchall()
    return {(grain, start): value for grain, start, value in rows}


@pytest.mark.fault("D1", "D2", "D4", "D6")
def test_every_event_is_in_its_periods(
    built: tuple[Business, duckdb.DuckDBPyConnection],
) -> None:
    business, facts = built
    expected = reference(business)
    assert counted(facts, "new_orders") == {key: n for key, (_, n) in expected.items()}
    revenue = {key: amount for key, (amount, _) in expected.items() if amount}
    assert counted(facts, "revenue") == revenue, "credit notes count with their sign"


@pytest.mark.fault("D1")
def test_a_day_of_23_or_25_hours_is_a_day(
    built: tuple[Business, duckdb.DuckDBPyConnection],
) -> None:
    """Two events an hour apart that both happened at 02:30 count as two, on one day."""
    business, facts = built
    orders = counted(facts, "new_orders")
    for day, hours in ((business.short, 23), (business.long, 25)):
        half_hours = {
            moment
            for moment, _ in EVENTS
            if moment.astimezone(business.zone).date() == day and moment.second == 0
        }
        assert len(half_hours) == 2 * hours
        assert orders["day", day] >= 2 * hours
    local = [moment.astimezone(business.zone) for moment, _ in EVENTS]
    clocks = [each.replace(tzinfo=None, fold=0) for each in local]
    assert len(clocks) > len(set(clocks)), "some local times were there twice"


@pytest.mark.fault("D2")
def test_half_past_ten_in_the_evening_of_march_may_be_april(
    built: tuple[Business, duckdb.DuckDBPyConnection],
) -> None:
    """The last event before midnight and the first of the day, of the zone of the business."""
    business, facts = built
    midnight = dt.datetime(2020, 4, 1, tzinfo=business.zone).astimezone(dt.UTC)
    ids = {moment: n for n, (moment, _) in enumerate(EVENTS)}
    eve, first = ids[midnight - dt.timedelta(seconds=1)], ids[midnight]
    days = dict(
        facts.execute(
            "select deal_id, closed_date from deals where deal_id in (?, ?)",
            [str(eve), str(first)],
        ).fetchall()
    )
    assert days == {str(eve): dt.date(2020, 3, 31), str(first): dt.date(2020, 4, 1)}


@pytest.mark.fault("D4")
def test_periods_end_where_they_should(
    built: tuple[Business, duckdb.DuckDBPyConnection],
) -> None:
    business, facts = built
    rows = facts.execute(
        "select grain, period_start, period_end from fct_kpi_values"
        " where kpi = 'new_orders' and org_unit_id = 'organisation'"
    ).fetchall()
    for grain, start, end in rows:
        following = end + dt.timedelta(days=1)
        assert period(grain, start, business.fiscal_year_starts) == start
        assert period(grain, end, business.fiscal_year_starts) == start
        assert period(grain, following, business.fiscal_year_starts) == following
    ends = {(grain, start): end for grain, start, end in rows}
    assert ends["week", dt.date(2020, 12, 28)] == dt.date(2021, 1, 3)
    assert ends["month", dt.date(2020, 2, 1)] == dt.date(2020, 2, 29)


@pytest.mark.fault("D4")
def test_the_calendar_is_that_of_iso_8601(
    built: tuple[Business, duckdb.DuckDBPyConnection],
) -> None:
    """Every day that Koers knows, 2000 to 2050, against Python's own calendar."""
    business, facts = built
    rows = facts.execute(
        "select date_day, iso_year_number, iso_week_number, iso_weekday_number, week_start,"
        " month_start, fiscal_quarter_start, fiscal_year_start from dim_date order by date_day"
    ).fetchall()
    assert (rows[0][0], rows[-1][0]) == (dt.date(2000, 1, 1), dt.date(2050, 12, 31))
    assert len(rows) == (rows[-1][0] - rows[0][0]).days + 1
    starts = business.fiscal_year_starts
    for day, year, week, weekday, *firsts in rows:
        assert (year, week, weekday) == tuple(day.isocalendar())
        assert firsts == [period(g, day, starts) for g in ("week", "month", "quarter", "year")]
    assert {day.year for day, _, week, *_ in rows if week == 53 and day.month == 12} == {
        2004, 2009, 2015, 2020, 2026, 2032, 2037, 2043, 2048,
    }  # fmt: skip
