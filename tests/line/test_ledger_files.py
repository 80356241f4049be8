"""Every package writes its ledger in another way; the entries are the same, and what cannot be told
for sure is kept apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.settings import Home
from tests.line.building import dbt
from tests.line.line import ingest, write

pytestmark = pytest.mark.nightly

SIGNED = """
    Boekstuk;Boekdatum;Grootboekrekening;Soort;Kostenplaats;Bedrag
    S1;02-03-2026;8000;Omzet;K100;1.210,50
    S2;02-03-2026;7000;Kostprijs;K100;600
    S3;03-03-2026;8000;Omzet;K100;10,50-
    S4;03-03-2026;8500;Subsidie;K100;€ 300,00
    S5;04-03-2026;1100;Bank;K100;(99,95)
"""
TWO_COLUMNS = """
    Bkst.nr.;Regel;Datum;Rekening;Soort;Kostenplaats;Debet;Credit
    T1;1;02-03-2026;8000;Omzet;K100;;1.210,50
    T1;2;02-03-2026;7000;Kostprijs;K100;600,00;
    T2;1;03-03-2026;8000;Omzet;K100;10,50;0,00
    T2;2;03-03-2026;8500;Subsidie;K100;0,00;300
    T2;3;04-03-2026;1100;Bank;K100;;99,95
"""
SIDES = """
    Boekstuknummer;Regelnummer;Boekdatum;Rekening;Soort;Kostenplaats;Bedrag;D/C
    D1;1;02-03-2026;8000;Omzet;K100;1210,50;C
    D1;2;02-03-2026;7000;Kostprijs;K100;600;D
    D2;1;03-03-2026;8000;Omzet;K100;10,50;debet
    D2;2;03-03-2026;8500;Subsidie;K100;-300;D
    D2;3;04-03-2026;1100;Bank;K100;99,95;Credit
"""
WRONG = """
    Boekstuk;Boekdatum;Soort;Bedrag;D/C;Debet;Credit
    W1;02-03-2026;Omzet;;;;
    W2;02-03-2026;Omzet;5;;5;
    W3;02-03-2026;Omzet;5;X;;
    W4;02-03-2026;Tussenrekening;5;;;
"""
ENTRIES: list[Any] = [
    ("2026-03-02", "cost_of_sales", Decimal("600.00")),
    ("2026-03-02", "revenue", Decimal("1210.50")),
    ("2026-03-03", "revenue", Decimal("-10.50")),
    ("2026-03-03", "subsidy", Decimal("300.00")),
    ("2026-03-04", "bank", Decimal("-99.95")),
]


def test_all_ways_to_write_a_ledger_give_the_same_entries(koers_home: Home) -> None:
    files = {"S": SIGNED, "T": TWO_COLUMNS, "D": SIDES, "W": WRONG}
    for name, text in files.items():
        write(koers_home.inbox / "ledger", f"{name}.csv", text)
    result = ingest(koers_home)["ledger"]
    assert [(load.stream, load.counts.loaded) for load in result.loads] == [("entries", 19)]
    dbt(["run", "--select", "+ledger_entries"], koers_home)

    with duckdb.connect(str(koers_home.warehouse), read_only=True) as db:
        rows = db.execute(
            "select entry_id, entry_date::varchar, account_type, amount from ledger_entries"
            " order by entry_date, account_type"
        ).fetchall()
        wrong = db.execute(
            "select entry_id, quarantine_reason from stg_ledger__ledger_entries"
            " where quarantine_reason is not null order by entry_id"
        ).fetchall()
    for name in "STD":
        assert [row[1:] for row in rows if row[0].startswith(name)] == ENTRIES, name
    assert len(rows) == 15
    assert wrong == [
        ("W1", "amount: is empty, and so are debit and credit"),
        ("W2", "amount: is given, and so are debit and credit"),
        ("W3", "side: is neither debit nor credit"),
        ("W4", "account_type: is no revenue, cost, subsidy or bank"),
    ]


def test_activities_of_an_hr_export_count(koers_home: Home) -> None:
    write(
        koers_home.inbox / "hr",
        "activiteiten.csv",
        """
        Activiteit-ID;Personeelsnummer;Datum;Soort;Campagne
        A1;1001;02-03-2026;Bezoek;
        A2;1002;03-03-2026;Gesprek;Voorjaar
        """,
    )
    ingest(koers_home)
    dbt(["run", "--select", "+activities"], koers_home)
    with duckdb.connect(str(koers_home.warehouse), read_only=True) as db:
        rows = db.execute(
            "select source, activity_id, owner, campaign, activity_type from activities order by 2"
        ).fetchall()
    assert rows == [
        ("hr", "A1", "1001", None, "Bezoek"),
        ("hr", "A2", "1002", "Voorjaar", "Gesprek"),
    ]
