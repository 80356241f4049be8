"""What grew load by load equals what is built from all loads at once, to the last row."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from pipelines.marts import MARTS
from pipelines.publication import facts_hash
from pipelines.settings import Home
from tests.line.building import dbt
from tests.line.line import NOW, ingest, write

ORGANISATION = {
    "org_units": """
        Eenheid;Laag;Valt onder;Naam
        bedrijf;organisatie;;Bedrijf
        verkoop;afdeling;bedrijf;Verkoop
        noord;team;verkoop;Noord
        zuid;team;verkoop;Zuid
        lente;project;bedrijf;Lente
    """,
    "people": """
        person_id;name
        ann;Ann
        bob;Bob
    """,
    "memberships": """
        Medewerker;Eenheid;Geldig vanaf
        ann;noord;01-01-2025
        bob;zuid;01-01-2025
    """,
    "project_rules": """
        Bron;Waarde;Project
        *;lente;lente
    """,
    "exchange_rates": """
        Valuta;Koers;Geldig vanaf
        USD;0,50;01-01-2026
        USD;0,60;01-03-2026
    """,
    "kpi_targets": """
        KPI;Eenheid;Periode;Doel;Soort doel;Profiel
        revenue;bedrijf;month;100;;
        revenue;noord;month;10;;
        new_orders;verkoop;year;100;;lente
        new_customers;bedrijf;month;0,5;groei;
        win_rate;verkoop;year;0,5;;
        order_book;verkoop;year;900;;
    """,
    "target_profiles": """
        Profiel;Maand;Gewicht
        lente;3;1
        lente;4;3
    """,
    "target_shares": """
        KPI;Van eenheid;Naar eenheid;Gewicht
        *;verkoop;noord;1
        *;verkoop;zuid;2
        *;noord;ann;1
        *;zuid;bob;1
    """,
}
HEADINGS = (
    "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Campaign,Create Date,Close Date,"
    "Last Modified Date\n"
)
FIRST = """
    1,Ann,Closed won,100.00,EUR,lente,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
    2,Ann,Closed won,200.00,USD,,2026-01-05 10:00,2026-03-03 12:00,2026-03-03 12:00
    3,Bob,Presentation,400.00,EUR,lente,2026-01-20 10:00,2026-05-01 12:00,2026-03-03 12:00
    4,Bob,Closed lost,800.00,EUR,,2026-01-05 10:00,2026-03-31 20:00,2026-04-01 12:00
    5,Eve,Closed won,50.00,EUR,,2026-01-05 10:00,2026-01-07 12:00,2026-01-07 12:00
"""
LEDGER = """
    Boekstuk;Boekdatum;Soort;Kostenplaats;Bedrag;Valuta
    b1;10-01-2026;Omzet;noord;1000,00;EUR
    b2;10-03-2026;Kosten;noord;400,00;USD
"""
# A late record, two corrections (an amount, a stage), and one of a deal without a change in it.
SECOND = """
    6,Bob,Closed won,16.00,EUR,,2025-12-30 10:00,2026-01-02 12:00,2026-04-01 12:00
    1,Ann,Closed won,110.00,EUR,lente,2026-01-05 10:00,2026-02-03 12:00,2026-04-01 12:00
    3,Bob,Closed won,400.00,EUR,,2026-01-20 10:00,2026-03-20 12:00,2026-04-01 12:00
    4,Bob,Closed lost,800.00,EUR,,2026-01-05 10:00,2026-03-31 20:00,2026-04-01 12:00
"""
# The watermark moves into another quarter; an older version of deal 1 comes after a newer one.
THIRD = """
    7,Ann,Closed won,32.00,EUR,,2026-04-10 10:00,2026-04-20 12:00,2026-04-20 12:00
    1,Ann,Closed won,100.00,EUR,lente,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
"""


class Line:
    """One landing, built twice: load by load, and from scratch in a home of its own."""

    def __init__(self, home: Home, scratch: Path) -> None:
        self.home = home
        self.rebuilt = Home(scratch)
        scratch.mkdir()
        home.landing.mkdir(parents=True)
        (scratch / "landing").symlink_to(home.landing)
        self.now = NOW

    def land(self, deals: str, **organisation: str) -> None:
        for name, text in organisation.items():
            write(self.home.inbox / "organisation", f"{name}.csv", text)
        write(self.home.inbox / "hubspot", f"deals-{self.now.date()}.csv", HEADINGS + deals.strip())
        landed = ingest(self.home, self.now)
        assert [f.refused for one in landed.values() for f in one.files if f.refused] == []
        self.now += dt.timedelta(days=1)

    def build(self) -> None:
        """Build what is new."""
        dbt(["run"], self.home)

    def rebuild(self, rows_of_a_batch: int = 5_000_000) -> None:
        """Build the other home from scratch."""
        dbt(
            ["run", "--full-refresh", "--vars", f"{{rows_of_a_batch: {rows_of_a_batch}}}"],
            self.rebuilt,
        )

    def differences(self) -> list[str]:
        """The marts that are not the same in both."""
        hashes = (hash_of_marts(self.home), hash_of_marts(self.rebuilt))
        return [mart.name for mart in MARTS if hashes[0][mart.name] != hashes[1][mart.name]]

    def values(self, kpi: str, grain: str = "year") -> dict[str, float]:
        """The numerators of a KPI by unit, added up over all periods."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            return dict(
                connection.execute(
                    "select org_unit_id, sum(numerator)::double from fct_kpi_values"
                    " where kpi = ? and grain = ? and numerator <> 0 group by 1",
                    [kpi, grain],
                ).fetchall()
            )

    def one(self, query: str) -> object:
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row[0] if len(row) == 1 else row


def hash_of_marts(home: Home) -> dict[str, str]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return {mart.name: facts_hash(connection, tables=[mart.name]) for mart in MARTS}


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.fault("B22", "D5", "D7")
@pytest.mark.nightly
def test_growing_equals_rebuilding(koers_home: Home, tmp_path: Path) -> None:
    line = Line(koers_home, tmp_path / "scratch")
    write(koers_home.inbox / "ledger", "ledger.csv", LEDGER)
    line.land(FIRST, **ORGANISATION)
    line.build()
    assert line.values("revenue")["bedrijf"] == 100 + 0.6 * 200 + 50
    assert line.values("revenue")["noord"] == 100 + 0.6 * 200
    assert line.values("revenue")["lente"] == 100
    target = (
        "select target, status from fct_kpi_status where kpi = 'revenue' and grain = 'month'"
        " and org_unit_id = 'bedrijf' and period_start = '2026-02-01'"
    )
    assert line.one(target) == (100.0, "on_course")
    handed_down = (
        "select list(target order by org_unit_id) from fct_kpi_status where kpi = '{}'"
        " and grain = 'month' and period_start = '2026-03-01'"
        " and org_unit_id in ('verkoop', 'noord', 'zuid', 'ann')"
    )
    assert line.one(handed_down.format("new_orders")) == [8.3333, 8.3333, 25, 16.6667]
    assert line.one(handed_down.format("order_book")) == [300, 300, 900, 600]
    book = (
        "select numerator::double from fct_kpi_values where kpi = 'order_book' and grain = 'month'"
        " and org_unit_id = '{}' and period_start = '2026-03-01'"
    )
    assert line.one(book.format("bedrijf")) == 400

    # Ann has been in the other team since 1 February, and the rate of March is taken away.
    line.land(
        SECOND,
        memberships=replaced(
            ORGANISATION["memberships"], "bob;", "ann;zuid;01-02-2026\n        bob;"
        ),
        exchange_rates="""
            Valuta;Koers;Geldig vanaf;Geldig tot en met
            USD;0,50;01-01-2026;28-02-2026
        """,
        kpi_targets=replaced(ORGANISATION["kpi_targets"], "month;100", "month;500"),
        target_shares=replaced(ORGANISATION["target_shares"], "zuid;2", "zuid;3"),
    )
    line.build()
    line.rebuild()
    assert line.differences() == []
    assert line.values("revenue") == {
        "bedrijf": 110 + 50 + 16 + 400,
        "bedrijf/unassigned-department": 50,
        "bedrijf/unassigned-department/unassigned-team": 50,
        "bedrijf/unassigned-department/unassigned-team/unassigned-individual": 50,
        "verkoop": 110 + 16 + 400,
        "zuid": 110 + 16 + 400,
        "ann": 110,
        "bob": 16 + 400,
        "lente": 110,
        "bedrijf/unassigned-project": 50 + 16 + 400,
    }
    assert line.one(target) == (500.0, "off_course")
    assert line.one(handed_down.format("new_orders")) == [6.25, 25, 18.75]
    assert line.one(book.format("bedrijf")) == 0
    unpriced = "select count(*), min(reason) from quarantine where kind = 'no_exchange_rate'"
    assert line.one(unpriced) == (2, "amount: there is no exchange rate of USD on 2026-03-03")

    # Bob is taken out of the files, the rate comes back, and the sources go on to 20 April.
    line.land(
        THIRD,
        people=replaced(ORGANISATION["people"], "bob;Bob", ""),
        memberships=replaced(ORGANISATION["memberships"], "bob;zuid;01-01-2025", ""),
        exchange_rates=ORGANISATION["exchange_rates"],
    )
    line.build()
    line.rebuild()
    assert line.differences() == []
    revenue = line.values("revenue")
    assert revenue["bedrijf"] == 110 + 50 + 16 + 400 + 0.6 * 200 + 32
    assert revenue["ann"] == revenue["noord"] == 110 + 0.6 * 200 + 32
    assert "bob" not in revenue
    assert "zuid" not in revenue
    assert line.one(unpriced) == (0, None)
    assert line.one("select max(data_as_of) from fct_kpi_values where kpi = 'revenue'") == dt.date(
        2026, 4, 20
    )

    # Nothing new: nothing is written.
    rows = "select count(*), max(build) from int_kpi_values"
    before = (line.one(rows), hash_of_marts(koers_home))
    line.build()
    assert (line.one(rows), hash_of_marts(koers_home)) == before


def entries(numbers: Mapping[str, tuple[str, int]]) -> str:
    """A ledger file: by entry its day (DD-MM-YYYY) and amount."""
    rows = "".join(
        f"{n};{day};Omzet;noord;{amount},00;EUR\n" for n, (day, amount) in numbers.items()
    )
    return "Boekstuk;Boekdatum;Soort;Kostenplaats;Bedrag;Valuta\n" + rows


def days_looked_at(home: Home) -> str | None:
    """Of which days the ledger was added up in the last build; None where of all."""
    sql = next(home.dbt_target.glob("compiled/**/int_measure_days.sql")).read_text(encoding="utf-8")
    ledger = sql.partition("ledger_days as (")[2].partition("group by")[0]
    assert "where" in ledger or "ledger_days" not in sql
    return None if "where true" in ledger else ledger.partition("where")[2].strip()


@pytest.mark.nightly
def test_a_night_adds_up_the_days_of_what_came(koers_home: Home, tmp_path: Path) -> None:
    line = Line(koers_home, tmp_path / "scratch")
    books = {"b1": ("10-01-2026", 1000), "b2": ("10-03-2026", 400), "b3": ("11-03-2026", 50)}
    write(koers_home.inbox / "ledger", "ledger-1.csv", entries(books))
    line.land(FIRST, **ORGANISATION)
    line.build()
    assert days_looked_at(koers_home) is None

    # One is moved to another day, one is late, and one is as it was.
    late = {"b1": ("12-02-2026", 1000), "b4": ("05-01-2026", 7), "b3": ("11-03-2026", 50)}
    write(koers_home.inbox / "ledger", "ledger-2.csv", entries(late))
    line.land(SECOND)
    line.build()
    looked_at = days_looked_at(koers_home)
    assert looked_at is not None
    assert set(re.findall(r"\d{4}-\d\d-\d\d", looked_at)) == {
        "2026-01-10",
        "2026-02-12",
        "2026-01-05",
        "2026-03-11",
    }
    line.rebuild()
    assert line.differences() == []

    # What was lost from what was added up is not seen by a night, and is found within the week.
    with duckdb.connect(str(koers_home.warehouse)) as connection:
        connection.execute("delete from int_measure_days where measure_date = '2026-03-10'")
    line.land(THIRD)
    line.build()
    with duckdb.connect(str(koers_home.warehouse)) as connection:
        week_ago = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=7)
        connection.execute(
            "update seen_marks set mark = ? where model = 'int_measure_days' and input = 'all'",
            [str(week_ago)],
        )
    line.build()
    line.rebuild()
    assert line.differences() == []


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2])
def test_nights_at_random_equal_rebuilding(koers_home: Home, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    line = Line(koers_home, tmp_path / "scratch")

    def day() -> dt.date:
        return dt.date(2026, 1, 1) + dt.timedelta(days=chance.randrange(110))

    def deal(number: int) -> str:
        closed, stage = (
            day(),
            chance.choice(["Closed won", "Closed won", "Closed lost", "Presentation"]),
        )
        owner, campaign = chance.choice(["Ann", "Bob", "Eve"]), chance.choice(["lente", ""])
        return (
            f"{number},{owner},{stage},{chance.randrange(1, 500)}.00,EUR,{campaign},"
            f"2025-12-{chance.randrange(1, 29):02} 10:00,{closed} 12:00,"
            f"{line.now.date() - dt.timedelta(days=1)} 12:00"
        )

    for night in range(4):
        changed = chance.sample(range(40), 30 if night == 0 else 4)
        books = {
            f"b{n}": (f"{day():%d-%m-%Y}", chance.randrange(1, 900))
            for n in chance.sample(range(20), 6)
        }
        write(koers_home.inbox / "ledger", f"ledger-{night}.csv", entries(books))
        organisation = ORGANISATION if night == 0 else {}
        if night == 2:
            moved = f"ann;zuid;{day():%d-%m-%Y}\n        bob;"
            organisation = {
                "memberships": replaced(ORGANISATION["memberships"], "bob;", moved),
                "kpi_targets": replaced(ORGANISATION["kpi_targets"], "month;10;", "month;90;"),
            }
        line.land("\n".join(deal(number) for number in changed), **organisation)
        line.build()
    # Large tables are made in batches of measures and KPIs: here in many.
    line.rebuild(rows_of_a_batch=100)
    assert line.differences() == []
    written = "select count(*) from int_kpi_values"
    with duckdb.connect(str(line.rebuilt.warehouse), read_only=True) as connection:
        assert connection.execute(written).fetchone() == (line.one(written),)
