"""An audience without a new publication is told of: in the summary, the status, to engineers."""

from __future__ import annotations

import datetime as dt

import pytest
from typer.testing import CliRunner

from pipelines import status, summary
from pipelines.cli import app
from pipelines.kept_back import kept_back, tell_kept_back
from pipelines.nightly import NightlyResult
from pipelines.publication import current
from pipelines.publishing import publish_all
from pipelines.settings import Home, settings
from pipelines.watch.ledger import open_ledger
from tests.publication.tiny import fact, month, warehouse

GOOD = (
    "audiences:\n  management:\n"
    "    individuals: {kpis: all, purpose: Guidance, legal_basis: contract}\n  sales: {}\n"
)
BAD = GOOD.replace("sales: {}", "sales: {units: [west]}")
CHANNEL = "alerts:\n  channels:\n    - {name: hook, url_env: HOOK, owners: [data]}\n"


@pytest.fixture
def home(koers_home: Home) -> Home:
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(5), 95.0, "on_course")])
    koers_home.audiences_file.write_text(BAD)
    return koers_home


def said(home: Home) -> str:
    found = [
        *summary.lines(home, settings(home), NightlyResult()),
        *status.lines(status.status(home)),
    ]
    return "\n".join(line for line in found if line.startswith("Kept back"))


def test_the_summary_and_the_status_say_so_until_it_is_mended(home: Home) -> None:
    publish_all(home, run_id="one")
    line = "Kept back  audience sales keeps its publication of before: "
    assert said(home).count(line) == 2
    assert said(home).count("there is no unit west. Mend audiences.yaml") == 2
    home.audiences_file.write_text(GOOD)
    publish_all(home, run_id="two")
    assert said(home) == ""
    assert kept_back(home) == {}


def test_the_engineers_are_told_once_for_each_publication_that_it_keeps(home: Home) -> None:
    home.settings_file.write_text(CHANNEL)
    chosen = settings(home)

    def night() -> int:
        return tell_kept_back(home, chosen, publish_all(home, run_id="r").refused)

    assert [night(), night()] == [1, 0]
    home.audiences_file.write_text(GOOD)
    assert night() == 0
    home.audiences_file.write_text(BAD)
    assert [night(), night()] == [1, 0]
    with open_ledger(home.ledger) as ledger:
        titles = ledger.execute("select distinct title from outbox").fetchall()
        bodies = [row[0] for row in ledger.execute("select body from outbox").fetchall()]
    assert [tuple(row) for row in titles] == [("Koers: audience sales got no new publication",)]
    assert "It has no publication yet." in bodies[0]
    assert f"Its figures are those of {dt.datetime.now(chosen.zone):%Y-%m}" in bodies[1]
    assert "west" not in "".join(bodies), "the reason stays in the home"


def test_a_rollback_says_which_audience_it_leaves(home: Home) -> None:
    publish_all(home, run_id="one")  # without sales
    home.audiences_file.write_text(GOOD)
    second = publish_all(home, run_id="two").made
    done = CliRunner().invoke(app, ["publish", "--rollback"])
    assert done.exit_code == 1
    assert "management: back to" in done.output
    shows = second["sales"].publication_id
    assert f"sales: not rolled back, still shows {shows}: it keeps no publication" in done.output
    assert current(home, "sales") == second["sales"]
