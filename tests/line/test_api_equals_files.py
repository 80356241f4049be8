"""One company, told by export files and by the API of each tool of a kind, and by two CRMs of which
the second took over in mid-year: the figures are the same, to the cent."""

from __future__ import annotations

import datetime as dt
import functools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.core.discover import discover
from pipelines.ingest import ingest
from pipelines.sample import write_sample
from pipelines.sandbox import serve, vendors
from pipelines.sandbox.tables import Row, Tables, sample_tables
from pipelines.settings import Home, settings
from tests.api.pulling import of_vendor
from tests.line.building import dbt

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("api-equals-files")]

START, END = dt.date(2026, 2, 1), dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 6, 1, 2, tzinfo=dt.UTC)
CUT = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Kind:
    """What tools of a kind have in common. files: the connector whose export files the sample
    company has; measures: the measures that come of them and their columns; records: the
    least that an API gives."""

    files: str
    measures: dict[str, str]
    records: int = 1_000


KINDS = {
    "crm": Kind(
        "hubspot",
        {
            "measure_orders": "won_orders, closed_deals, order_amount, cycle_days, is_new_product,"
            " is_new_market, ordering_customers, new_customer_count, people_with_orders",
            "measure_order_lines": "product, line_amount, line_margin",
            "measure_order_book": "order_book_change",
            "measure_mqls": "mql_count, project_mql_count",
            "measure_conversions": "converted_mqls",
            "measure_activities": "activity_count, people_with_activities",
        },
    ),
    "web": Kind(
        "web",
        {
            "measure_visits": "visit_count, project_visit_count, visits_before, visits_after",
            "measure_web_conversions": "goal, web_conversion_count, project_conversion_count,"
            " campaign_visit_count",
        },
        records=600,
    ),
    "finance": Kind(
        "ledger",
        {
            "measure_ledger": "ledger_revenue, ledger_gross_profit, ledger_result, marketing_cost,"
            " subsidy_amount, bank_amount, project_cost",
        },
    ),
    "social": Kind(
        "socialpilot",
        {
            "measure_posts": "post_reach, post_impressions, post_clicks, post_engagements",
            "measure_followers": "followers_change",
            "measure_followers_growth": "follower_growth_count",
        },
        records=150,
    ),
    "survey": Kind(
        "surveys",
        {
            "measure_survey_responses": "nps_answers, nps_points, nps_squares",
            "measure_survey_invitations": "survey_invitations, survey_answers",
        },
        records=300,
    ),
    "email": Kind(
        "spotler",
        {
            "measure_mailings": "mails_sent, mails_delivered, mail_unique_opens,"
            " mail_unique_clicks, mail_unsubscribes, mail_bounces",
            "measure_list_sizes": "list_size_change",
            "measure_list_growth": "list_growth_count",
        },
        records=100,
    ),
}
UNITS = "measure_date, organisation_id, department_id, team_id, individual_id, project_id"


def figures(home: Home, kind: str) -> Path:
    """Build the measures of a kind; the warehouse that holds them."""
    dbt(["run", "--select", *(f"+{name}" for name in KINDS[kind].measures)], home)
    return home.warehouse


def rows(warehouse: Path, kind: str, lacks: Mapping[str, str]) -> dict[str, list[Any]]:
    """Every row of the measures, without the keys of the source. A measure or column that a vendor
    lacks is left out; of a measure that it lacks by unit, the totals of each day are compared."""
    found = {}
    with duckdb.connect(str(warehouse), read_only=True) as db:
        for name, columns in KINDS[kind].measures.items():
            if name in lacks:
                continue
            given = [each for each in columns.split(", ") if each not in lacks]
            query = f"select {UNITS}, {', '.join(given)} from {name} order by all"
            if f"{name} by unit" in lacks:
                [column] = given
                query = (
                    f"select measure_date, sum({column}) as total from {name} group by all "
                    "having total <> 0 order by all"
                )
            found[name] = db.execute(query).fetchall()
    return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("sample").resolve())
    write_sample(home, end_date=END, start=START)
    return home


@pytest.fixture(scope="module")
def told_by_files(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The warehouse made of the export files, by kind."""

    @functools.cache
    def told(kind: str) -> Path:
        home = _copy(sample, tmp_path_factory.mktemp(f"files-{kind}"), KINDS[kind].files)
        with pytest.MonkeyPatch.context() as patch:
            _environment(patch, home)
            for name in (KINDS[kind].files, "organisation"):
                ingest(discover()[name], home, settings(home), now=NOW)
            return figures(home, kind)

    return told


@pytest.fixture
def empty(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The sample company without its tools."""
    home = _copy(sample, tmp_path)
    _environment(monkeypatch, home)
    ingest(discover()["organisation"], home, settings(home), now=NOW)
    return home


def _copy(sample: Home, to: Path, *connectors: str) -> Home:
    home = Home((to / "koers").resolve())
    for name in (*connectors, "organisation"):
        shutil.copytree(sample.inbox / name, home.inbox / name)
    return home


def _environment(patch: pytest.MonkeyPatch, home: Home) -> None:
    patch.setenv("KOERS_HOME", str(home.root))
    patch.setenv("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)


def pull_from(name: str, tables: Tables, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = vendors()[name]
    with serve(vendor.account(tables)) as box:
        for variable, value in of_vendor(vendor, box.url).items():
            monkeypatch.setenv(variable, value)
        done = ingest(discover()[name], home, settings(home), now=NOW)
    assert not done.troubles
    assert sum(load.loaded for load in done.loads) > KINDS[discover()[name].kind].records


@pytest.mark.parametrize("name", sorted(vendors()))
def test_an_api_gives_the_figures_of_the_files(
    name: str,
    told_by_files: Callable[[str], Path],
    empty: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, lacks = discover()[name].kind, vendors()[name].lacks
    expected = rows(told_by_files(kind), kind, lacks)
    pull_from(name, sample_tables(END, start=START), empty, monkeypatch)
    _same(rows(figures(empty, kind), kind, lacks), expected)


def test_a_change_of_crm_in_mid_year_gives_one_history(
    told_by_files: Callable[[str], Path],
    empty: Home,
    monkeypatch: pytest.MonkeyPatch,
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
    pull_from("pipedrive", left, empty, monkeypatch)
    pull_from("hubspot", taken, empty, monkeypatch)
    _same(rows(figures(empty, "crm"), "crm", {}), rows(told_by_files("crm"), "crm", {}))


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
