"""People are erased, versions of before removed, and the facts built anew by dbt: no figure of a
team is another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.privacy.erasing import Makers, forget
from pipelines.privacy.retention import keep
from pipelines.settings import Home, Settings
from tests.line.building import dbt
from tests.privacy import making
from tests.privacy.making import CONTACT, EMPLOYEE, LOGIN, NUMBER, PSEUDONYM, UNIT

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("forget")]

FACTS = "kpi, org_unit_id, grain, period_start, numerator, denominator, kpi_value, sample_size"


def build(home: Home, _: Settings, file: Path) -> None:
    """As `koers rebuild` does: into a file of its own."""
    aside = home.warehouse.with_suffix(".aside")
    if home.warehouse.exists():
        home.warehouse.rename(aside)
    dbt(
        ["run", "--full-refresh", "--select", "+fct_kpi_values", "+dim_org_unit", "+quarantine"],
        home,
    )
    duckdb.connect(str(home.warehouse)).close()  # a forked dbt leaves its log
    home.warehouse.rename(file)
    if aside.exists():
        aside.rename(home.warehouse)


def facts(home: Home, layers: str) -> list[Any]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(
            f"select {FACTS} from fct_kpi_values where org_unit_id in (select org_unit_id from "
            f"dim_org_unit where layer {layers}) order by all"
        ).fetchall()


@pytest.mark.fault("H1", "H2")
def test_the_figures_of_teams_stay_and_those_of_the_person_go(koers_home: Home) -> None:
    home = koers_home
    home.root.mkdir()
    making.files(home)
    making.land(home)
    (home.inbox / "later.zip").rename(home.inbox / "hubspot" / "contacts.zip")
    making.land(home, making.NOW + dt.timedelta(hours=1))
    build(home, Settings(), home.warehouse)
    teams, people = facts(home, "<> 'individual'"), facts(home, "= 'individual'")
    assert [row for row in people if row[1] == UNIT]
    assert len({row[0] for row in teams}) > 5

    makers = Makers(build, lambda _: None)
    assert forget(home, Settings(), [UNIT], makers=makers).left == []
    making.lineage_of_contacts(home)
    removed = keep(home, Settings(), making.LATER, lambda _: None)
    assert removed.of["superseded versions"] == 3
    assert forget(home, Settings(), [CONTACT], makers=makers).left == []

    assert facts(home, "<> 'individual'") == teams
    after = facts(home, "= 'individual'")
    assert {row[1] for row in after} <= {row[1] for row in people} - {UNIT} | {
        "noord/unassigned-individual", "zuid/unassigned-individual"
    }  # fmt: skip

    def total(rows: list[Any]) -> Any:
        return sum(row[4] or 0 for row in rows if row[0] == "revenue" and row[2] == "year")

    assert total(after) == total(people) > 0
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        for (table,) in db.execute("select table_name from duckdb_tables()").fetchall():
            text = str(db.execute(f'select * from "{table}"').fetchall())
            for canary in (UNIT, EMPLOYEE, LOGIN, NUMBER, CONTACT, PSEUDONYM):
                assert canary not in text, (table, canary)
