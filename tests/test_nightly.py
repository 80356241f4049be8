"""The command line on small exports of one's own: what a newcomer does first."""

from __future__ import annotations

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines import nightly
from pipelines.cli import app
from pipelines.settings import Home
from tests.commands import koers

DEALS = """\
Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Create Date,Close Date,Last Modified Date
1,Ann,Closed won,10.10,EUR,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
2,Nobody,Closed won,20.20,EUR,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
3,Ann,Closed lost,many,EUR,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
"""


def test_without_any_input_it_begins_with_the_sample_company(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows is told by tests/line/test_sample_company.py."""
    monkeypatch.setattr(nightly, "nightly", lambda *_, **__: nightly.NightlyResult())
    said = CliRunner().invoke(app, ["run"])
    assert said.exit_code == 0, said.output
    assert "sample company" in said.output
    assert list((koers_home.inbox / "hubspot").glob("deals-*.csv"))


def test_what_is_there_is_not_mixed_with_the_sample(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "nightly", lambda *_, **__: nightly.NightlyResult())
    own = koers_home.inbox / "crm" / "mine.csv"
    own.parent.mkdir(parents=True)
    own.write_text("a\n1\n")
    said = CliRunner().invoke(app, ["run"])
    assert "Nothing is loaded yet" in said.output
    assert [file for file in koers_home.inbox.rglob("*") if file.is_file()] == [own]


@pytest.mark.nightly
def test_a_first_run_publishes_every_row_or_says_why_not(koers_home: Home) -> None:
    folder = koers_home.inbox / "hubspot"
    folder.mkdir(parents=True)
    (folder / "deals.csv").write_text(DEALS)
    people = koers_home.inbox / "organisation"
    people.mkdir()
    (people / "chart.csv").write_text("Medewerker;Team;Afdeling\nAnn;Noord;Verkoop\n")

    said = koers(koers_home, "run")

    assert said.returncode == 0, said.stderr
    assert "hubspot.deals: 3 read, 2 loaded, 1 rejected" in said.stdout
    connection = duckdb.connect(str(koers_home.publication()), read_only=True)
    revenue = dict(
        connection.execute(
            "select org_unit_id, numerator::decimal(18, 2)::varchar from fct_kpi_values"
            " where kpi = 'revenue' and grain = 'year'"
        ).fetchall()
    )
    assert revenue["organisation"] == "30.30"
    assert revenue["department/verkoop"] == "10.10"
    assert revenue["person/ann"] == "10.10"
    assert revenue["organisation/unassigned-department"] == "20.20"
    bare = connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and comment is null"
    ).fetchall()
    assert bare == [], "every column says what it holds in a field list"
