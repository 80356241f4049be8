"""The whole line on the sample company, as `make run` does it, against figures that were added up
without it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.powerbi.rules import rules
from pipelines.publication import current
from pipelines.sample import write_sample
from pipelines.settings import Home
from tests.commands import koers
from tests.parity.comparing import compare
from tests.powerbi.agreement import CHECKS
from tests.publication.file_attack import attack

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("sample-company")]

BY_VALUE = {"days_sales_outstanding", "launch_effect"}
"""Derived figures: the numerator that the facts keep of them is another."""

UNKNOWN_IN_ADVANCE = {"customer_value", "mqls_needed", "nps_margin", "order_book_growth"}
UNKNOWN_IN_ADVANCE |= {"orders_needed", "pipeline_coverage"}
"""Derived from others that are known, and from targets; tests/parity holds them."""

NOT_SPLIT = {"customer_value", "launch_effect", "mqls_needed", "nps_margin", "orders_needed"}
"""Neither a sum nor a ratio of sums: their children do not add up to them."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, Any], str]:
    home = Home(tmp_path_factory.mktemp("sample-company").resolve())
    truth = write_sample(home, end_date=dt.date(2026, 11, 22))
    done = koers(home, "run")
    assert done.returncode == 0, done.stderr
    return home, truth, done.stdout


def published(home: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home.publication()), read_only=True)


def test_every_figure_is_what_it_must_be(ran: tuple[Home, dict[str, Any], str]) -> None:
    home, truth, _ = ran
    with published(home) as facts:
        found = {
            (kpi, unit, month.isoformat()): (numerator, denominator, value)
            for kpi, unit, month, numerator, denominator, value in facts.execute(
                "select kpi, org_unit_id, period_start, numerator, denominator, kpi_value"
                " from fct_kpi_values where grain = 'month'"
            ).fetchall()
        }
    known = {row["kpi"] for row in truth["figures"]}
    assert known | UNKNOWN_IN_ADVANCE == {kpi for kpi, _, _ in found}
    for row in truth["figures"]:
        numerator, denominator = Decimal(row["numerator"]), Decimal(row["denominator"])
        nothing = (Decimal(0), Decimal(0), None)
        got = found.get((row["kpi"], row["org_unit_id"], row["month"]), nothing)
        if row["kpi"] in BY_VALUE:
            assert got[2] == pytest.approx(float(numerator / denominator), rel=1e-9), (row, got)
        else:
            assert got[0] == numerator, (row, got)
            assert got[1] is None or got[1] == denominator, (row, got)


def test_planted_incidents_are_off_course_and_little_else(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, truth, said = ran
    with published(home) as facts:
        off = set(
            facts.execute(
                "select kpi, org_unit_id, strftime(period_start, '%Y-%m') from fct_kpi_status"
                " where grain = 'month' and status = 'off_course' and is_complete"
            ).fetchall()
        )
        (judged,) = facts.execute(
            "select count(*) from fct_kpi_status where grain = 'month' and is_complete"
            " and status in ('on_course', 'off_course')"
        ).fetchall()[0]
    for incident in truth["incidents"]:
        assert (incident["kpi"], incident["org_unit_id"], incident["first"][:7]) in off, incident
    assert len(off) < judged * 0.08
    assert "Team Social: Social reach, October 2026" in said


def test_planted_incidents_drift_and_quiet_stretches_do_not(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, truth, _ = ran
    with published(home) as facts:
        judged = {
            (kpi, unit, month): status
            for kpi, unit, month, status in facts.execute(
                "select kpi, org_unit_id, strftime(period_start, '%Y-%m'), process_status"
                " from fct_kpi_status where grain = 'month'"
                " and process_status in ('stable', 'drifting')"
            ).fetchall()
        }
        elsewhere = facts.execute(
            "select count(*) from fct_kpi_status where grain <> 'month' and process_status <> ''"
        ).fetchone()
    planted = {(i["kpi"], i["org_unit_id"], i["first"][:7]) for i in truth["incidents"]}
    told = planted & set(judged)
    assert len(told) >= 6, "but for those in the first months, which have too few before them"
    assert {judged[key] for key in told} == {"drifting"}
    quiet = [status for key, status in judged.items() if key not in planted]
    # Of months 8.3 % may be called drifting by mistake, and incidents show in related KPIs too.
    assert 0.03 < quiet.count("drifting") / len(quiet) < 0.1
    assert elsewhere == (0,)


def test_unknown_owners_are_on_unassigned_and_nothing_personal_is_published(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, truth, _ = ran
    with published(home) as facts:
        (unassigned,) = facts.execute(
            "select sum(numerator) from fct_kpi_values where kpi = 'win_rate' and grain = 'year'"
            " and org_unit_id = 'noorderlicht/unassigned-department'"
        ).fetchall()[0]
    assert truth["unknown_owner"] > 0
    assert unassigned >= 0
    for file in (home.publication(), *home.landing.rglob("*.parquet")):
        assert b"klant.example" not in file.read_bytes(), file


def test_every_kpi_is_what_metricflow_says(ran: tuple[Home, dict[str, Any], str]) -> None:
    home, _, _ = ran
    months = compare(home.warehouse, home.dbt_target, grains=["month"])
    others = compare(
        home.warehouse,
        home.dbt_target,
        grains=["day", "week", "quarter", "year"],
        layers=["organisation"],
    )
    assert months.compared > 40_000
    assert others.compared > 20_000
    assert months.differences + others.differences == []


def test_every_change_is_explained_to_the_last_digit(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, _, _ = ran
    with published(home) as facts:
        wrong = facts.execute(
            "select kpi, org_unit_id, period_start from fct_kpi_contributions"
            " group by kpi, org_unit_id, grain, period_start, comparison, contributor_type"
            " having sum(contribution) <> max(change_total)"
        ).fetchall()
        not_split = {
            kpi
            for (kpi,) in facts.execute(
                "select kpi from dim_kpi where split_over_units is null"
            ).fetchall()
        }
        explained = {
            kind: {kpi for (kpi,) in rows}
            for kind in ("child_unit", "driver_kpi")
            for rows in [
                facts.execute(
                    "select distinct kpi from fct_kpi_contributions where contributor_type = ?"
                    " and comparison = 'previous_period' and org_unit_id = 'noorderlicht'",
                    [kind],
                ).fetchall()
            ]
        }
        remainders = facts.execute(
            "select distinct kpi, comparison from fct_kpi_contributions"
            " where contributor = '(remainder)'"
        ).fetchall()
        changed = {
            kpi
            for (kpi,) in facts.execute(
                "select kpi from fct_kpi_values where org_unit_id = 'noorderlicht'"
                " and grain = 'month' and is_closed"
                " group by kpi having count(distinct kpi_value) > 1"
            ).fetchall()
        }
    assert wrong == []
    assert not_split == NOT_SPLIT
    assert explained["child_unit"] == changed - not_split
    assert explained["driver_kpi"] == {"revenue", "operating_result", "return_pct", "mqls_needed"}
    # What was agreed on orders and on their average does not make what was agreed on revenue.
    assert remainders == [("revenue", "target")]


def test_rate_and_mix_are_those_of_the_children(ran: tuple[Home, dict[str, Any], str]) -> None:
    """Griliches and Regev over the departments, which never move, computed again from the facts."""
    home, _, _ = ran
    with published(home) as facts:
        values = {
            (kpi, unit, month): (float(numerator), float(denominator))
            for kpi, unit, month, numerator, denominator in facts.execute(
                "select kpi, org_unit_id, period_start, numerator, denominator"
                " from fct_kpi_values inner join dim_org_unit using (org_unit_id)"
                " where layer in ('organisation', 'department') and denominator <> 0"
                " and grain = 'month' and kpi in ('win_rate', 'gross_margin',"
                " 'days_sales_outstanding', 'average_order')"
            ).fetchall()
        }
        rows = facts.execute(
            "select kpi, period_start, compared_with, contributor, effect, contribution"
            " from fct_kpi_contributions where org_unit_id = 'noorderlicht' and grain = 'month'"
            " and comparison <> 'target' and contributor_type = 'child_unit'"
        ).fetchall()
    checked = set()
    for kpi, month, earlier, child, effect, contribution in rows:
        keys = [(kpi, unit, day) for unit in ("noorderlicht", child) for day in (month, earlier)]
        if not all(key in values for key in keys):
            continue
        whole_now, whole_before, child_now, child_before = (values[key] for key in keys)
        weights = child_now[1] / whole_now[1], child_before[1] / whole_before[1]
        rates = child_now[0] / child_now[1], child_before[0] / child_before[1]
        middle = (whole_now[0] / whole_now[1] + whole_before[0] / whole_before[1]) / 2
        expected = {
            "rate": (weights[0] + weights[1]) / 2 * (rates[0] - rates[1]),
            "mix": (weights[0] - weights[1]) * ((rates[0] + rates[1]) / 2 - middle),
        }[effect]
        assert float(contribution) == pytest.approx(expected, rel=1e-9, abs=1e-8)
        checked.add((kpi, child, effect))
    assert len(checked) >= 10


def test_an_incident_is_traced_to_the_team(ran: tuple[Home, dict[str, Any], str]) -> None:
    home, truth, _ = ran
    traced = 0
    with published(home) as facts:
        for incident in truth["incidents"]:
            rows = facts.execute(
                "select first(contributor order by abs(contribution) desc)"
                " from fct_kpi_contributions inner join dim_org_unit as units"
                " on fct_kpi_contributions.org_unit_id = units.parent_id"
                " where kpi = ? and units.org_unit_id = ? and units.layer = 'team'"
                " and grain = 'month' and period_start = ? and comparison = 'previous_period'"
                " and contributor_type = 'child_unit' having count(*) > 0",
                [incident["kpi"], incident["org_unit_id"], incident["first"][:7] + "-01"],
            ).fetchall()
            for (contributor,) in rows:
                assert contributor == incident["org_unit_id"], incident
                traced += 1
    assert traced >= 2


def test_nothing_new_changes_nothing(ran: tuple[Home, dict[str, Any], str]) -> None:
    home, _, _ = ran
    before = current(home)
    again = koers(home, "run")
    assert again.returncode == 0, again.stderr
    assert "nothing new" in again.stdout
    assert current(home) == before


def test_a_rebuild_from_the_landing_equals_the_warehouse(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, _, _ = ran
    done = koers(home, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every public table is as it was" in done.stdout


def test_status_tells_programs_what_it_tells_people(
    ran: tuple[Home, dict[str, Any], str],
) -> None:
    home, _, _ = ran
    told = json.loads(koers(home, "status", "--json").stdout)
    assert told["publication"]["file"] == str(home.publication())
    assert told["off_course"]["team"] >= 1
    assert told["open_alerts"] >= 1
    keys = {"last_pass_at", "refused", "in_inbox", "api", "troubles"}
    assert set(told["sources"]["hubspot"]) == keys
    assert told["sources"]["hubspot"]["api"] == "not configured"
    assert Path(told["home"]) == home.root


@pytest.mark.parametrize(
    ("kpi", "measure", "by_person"),
    [
        ("training_hours", "training_hour_count", True),
        ("goals_reached", "goals_due", True),
        ("orders_per_person", "people_with_orders", True),
        ("nps", "nps_answers", False),
    ],
)
def test_a_solver_learns_nothing_of_small_groups_from_the_file_for_the_organisation(
    ran: tuple[Home, dict[str, Any], str], kpi: str, measure: str, by_person: bool
) -> None:
    home, _, _ = ran
    file = home.publication("organisation")
    held_back, known = attack(home.warehouse, file, kpi, measure, 5, by_person)
    assert held_back > 20
    assert known == []


def test_a_power_bi_project_of_each_audience(
    ran: tuple[Home, dict[str, Any], str], tmp_path: Path
) -> None:
    home, _, _ = ran
    for audience in ("management", "organisation"):
        to = str(tmp_path / audience)
        made = koers(home, "powerbi", "--audience", audience, "--to", to)
        assert made.returncode == 0, made.stderr
        assert "57 KPIs" in made.stdout
    again = koers(home, "powerbi", "--audience", "organisation", "--to", to)
    assert "0 files written" in again.stdout
    other = koers(home, "powerbi", "--to", to)
    assert other.returncode == 1
    assert "holds the project of organisation" in other.stderr


def test_the_measures_of_power_bi_are_the_facts(ran: tuple[Home, dict[str, Any], str]) -> None:
    """Every KPI, unit and period; quarters and years of their months; the organisation of each
    layer. By another route than DAX: see `agreement`."""
    home, _, _ = ran
    known = rules(json.loads(home.manifest.read_text(encoding="utf-8")))
    assert len(known) == 57
    for audience in ("management", "organisation"):
        with duckdb.connect(str(home.publication(audience)), read_only=True) as facts:
            for check in CHECKS:
                found = {rule.kpi: check(facts, rule) for rule in known}
                assert {kpi: wrong for kpi, (_, wrong) in found.items() if wrong} == {}
                assert sum(compared for compared, _ in found.values()) > 2000
