"""What customers owe, as Exact tells it: every invoice of the company, to the cent and day."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from connectors.core.discover import discover
from pipelines.ingest import ingest
from pipelines.sandbox import serve, vendors
from pipelines.sandbox.tables import sample_tables
from pipelines.settings import Home, settings
from tests.api.pulling import of_vendor
from tests.line.building import dbt

pytestmark = pytest.mark.nightly

END = dt.date(2026, 3, 31)
NOW = dt.datetime(2026, 4, 1, 2, tzinfo=dt.UTC)


def test_receivables_are_the_invoices(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = sample_tables(END, months=3)
    vendor = vendors()["exact"]
    with serve(vendor.account(tables)) as box:
        for variable, value in of_vendor(vendor, box.url).items():
            monkeypatch.setenv(variable, value)
        done = ingest(discover()["exact"], koers_home, settings(koers_home), now=NOW)
    assert not done.troubles
    dbt(["run", "--select", "+invoices"], koers_home)
    with duckdb.connect(str(koers_home.warehouse), read_only=True) as db:
        rows = db.execute(
            "select invoice_date, due_date, paid_date, amount, customer, currency from invoices"
        ).fetchall()
    assert len(rows) > 100
    assert any(row[2] for row in rows)
    assert not all(row[2] for row in rows)
    names = ("invoice_date", "due_date", "paid_date", "amount", "customer", "currency")
    expected = [tuple(invoice[name] for name in names) for invoice in tables.invoices]
    assert sorted(rows, key=str) == sorted(expected, key=str)
