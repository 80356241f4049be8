"""One company's CRM, told by export files and by each API, and by two CRMs of which the second took
over in mid-year: the figures are the same, to the cent."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.core.discover import discover
from pipelines.dbt import run_dbt
from pipelines.ingest import ingest
from pipelines.sample import write_sample
from pipelines.sandbox import serve, vendors
from pipelines.sandbox.tables import Row, Tables, sample_tables
from pipelines.settings import Home, settings
from tests.api.pulling import QUICK

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("api-equals-files")]

START, END = dt.date(2026, 2, 1), dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 6, 1, 2, tzinfo=dt.UTC)
CUT = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
MEASURES = {
    "measure_orders": "won_orders, closed_deals, order_amount, cycle_days, is_new_product,"
    " is_new_market, ordering_customers, new_customer_count, people_with_orders",
    "measure_order_book": "order_book_change",
    "measure_mqls": "mql_count, project_mql_count",
    "measure_conversions": "converted_mqls",
    "measure_activities": "activity_count, people_with_activities",
}
UNITS = "measure_date, organisation_id, department_id, team_id, individual_id, project_id"


def figures(home: Home) -> dict[str, list[Any]]:
    """Every row of the measures, without the keys of the source."""
    select = " ".join(f"+{name}" for name in MEASURES)
    run_dbt(["run", "--select", *select.split()], home, settings(home))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return {
            name: db.execute(f"select {UNITS}, {columns} from {name} order by all").fetchall()
            for name, columns in MEASURES.items()
        }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("sample").resolve())
    write_sample(home, end_date=END, start=START)
    return home


@pytest.fixture(scope="module")
def told_by_files(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    home = _copy(sample, tmp_path_factory.mktemp("files"))
    with pytest.MonkeyPatch.context() as patch:
        _environment(patch, home)
        for name in ("hubspot", "organisation"):
            ingest(discover()[name], home, settings(home), now=NOW)
        return figures(home)


@pytest.fixture
def empty_crm(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The sample company without its CRM."""
    home = _copy(sample, tmp_path)
    shutil.rmtree(home.inbox / "hubspot")
    _environment(monkeypatch, home)
    ingest(discover()["organisation"], home, settings(home), now=NOW)
    return home


def _copy(sample: Home, to: Path) -> Home:
    home = Home((to / "koers").resolve())
    for name in ("hubspot", "organisation"):
        shutil.copytree(sample.inbox / name, home.inbox / name)
    return home


def _environment(patch: pytest.MonkeyPatch, home: Home) -> None:
    patch.setenv("KOERS_HOME", str(home.root))
    patch.setenv("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)


def pull_from(name: str, tables: Tables, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = vendors()[name]
    with serve(vendor.account(tables)) as box:
        for variable, value in {**vendor.environment(box.url), **QUICK}.items():
            monkeypatch.setenv(variable, value)
        done = ingest(discover()[name], home, settings(home), now=NOW)
    assert not done.troubles
    assert sum(load.loaded for load in done.loads) > 1_000


@pytest.mark.parametrize("name", sorted(vendors()))
def test_an_api_gives_the_figures_of_the_files(
    name: str,
    told_by_files: dict[str, list[Any]],
    empty_crm: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pull_from(name, sample_tables(END, start=START), empty_crm, monkeypatch)
    _same(figures(empty_crm), told_by_files)


def test_a_change_of_crm_in_mid_year_gives_one_history(
    told_by_files: dict[str, list[Any]], empty_crm: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the day of the change every contact and every open deal was taken over, with new numbers;
    the old CRM is still there, as it was left."""
    tables = sample_tables(END, start=START)
    before = [deal for deal in tables.deals if deal["created_at"] < CUT]
    open_then = [d for d in before if d["closed_at"] is None or d["closed_at"] >= CUT]
    left: Tables = replace(
        tables,
        deals=[_as_left(deal) if deal in open_then else deal for deal in before],
        contacts=[_as_left(c) for c in tables.contacts if c["created_at"] < CUT],
        activities=[a for a in tables.activities if a["activity_at"] < CUT],
    )
    taken = replace(
        tables,
        deals=[
            *(
                {**d, "deal_id": f"9{d['deal_id']}", "origin": f"pipedrive:{d['deal_id']}"}
                for d in open_then
            ),
            *(deal for deal in tables.deals if deal["created_at"] >= CUT),
        ],
        contacts=[{**c, "contact_id": f"9{c['contact_id']}"} for c in tables.contacts],
        activities=[a for a in tables.activities if a["activity_at"] >= CUT],
    )
    assert open_then
    pull_from("pipedrive", left, empty_crm, monkeypatch)
    pull_from("hubspot", taken, empty_crm, monkeypatch)
    _same(figures(empty_crm), told_by_files)


def _as_left(row: Row) -> Row:
    """A deal or contact as it was on the day of the change."""
    if "deal_id" in row:
        return {**row, "stage": "open", "closed_at": None, "updated_at": row["created_at"]}
    at = row["customer_at"]
    return row if at is None or at < CUT else {**row, "customer_at": None}


def _same(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    for name, rows in expected.items():
        assert len(rows) > 50
        assert len(found[name]) == len(rows), name
        assert found[name] == rows, name
