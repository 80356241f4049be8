"""What a KPI check tells, from a publication."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.defs.alert_checks import alerts_sensor
from pipelines.defs.checks import kpi_checks
from pipelines.kpis import Kpi
from pipelines.publication import publish
from pipelines.settings import Home
from pipelines.watch.acts import acknowledge, silence
from pipelines.watch.drift import Silence
from pipelines.watch.watching import watch
from tests.publication.tiny import KPIS, fact, month, warehouse


@pytest.fixture
def kpis(manifest: dict[str, Any]) -> dict[str, Kpi]:
    from pipelines.kpis import load_kpis

    found = load_kpis(manifest)
    return {name: found[name] for name in KPIS}


def contributions(file: Path, *rows: tuple[str, str, str, str, str]) -> None:
    """Contributions to the revenue of February: unit, type, contributor, contribution, change."""
    with duckdb.connect(str(file)) as db:
        db.execute(
            "create table fct_kpi_contributions (kpi varchar, org_unit_id varchar, grain varchar,"
            " period_start date, comparison varchar, contributor_type varchar,"
            " contributor varchar, effect varchar, contribution decimal(38, 10),"
            " change_total decimal(38, 10))"
        )
        db.execute(
            "insert into dim_org_unit by name select 'p2' as org_unit_id,"
            " 'individual' as layer, 'Kees' as name, 'north' as parent_id"
        )
        for unit, kind, contributor, contribution, change in rows:
            db.execute(
                "insert into fct_kpi_contributions values ('revenue', ?, 'month', '2025-02-01',"
                " 'previous_period', ?, ?, 'total', ?, ?)",
                [unit, kind, contributor, contribution, change],
            )


def results(kpis: dict[str, Kpi]) -> dict[str, dg.AssetCheckEvaluation]:
    @dg.asset(key=["fct_kpi_status"])
    def facts() -> None: ...

    @dg.asset(key=["publication", "management"])
    def publication() -> None: ...

    with dg.instance_for_test() as instance:
        done = dg.materialize([facts, publication, kpi_checks(kpis)], instance=instance)
    return {check.check_name: check for check in done.get_asset_check_evaluations()}


def test_without_a_publication_nothing_passes(koers_home: Home, kpis: dict[str, Kpi]) -> None:
    told = results(kpis)
    assert set(told) == set(kpis)
    assert not any(check.passed for check in told.values())
    assert {check.metadata["status"].value for check in told.values()} == {"no_data"}


def test_value_target_band_and_picture(koers_home: Home, kpis: dict[str, Kpi]) -> None:
    warehouse(
        koers_home.warehouse,
        [
            fact("revenue", "org", month(1), 95.0, "on_course"),
            fact("revenue", "org", month(2), 80.0, "off_course") | {"process_status": "drifting"},
            fact("revenue", "p1", month(2), 10.0, "off_course"),
            fact("win_rate", "north", month(2), 0.4, "on_course", target=0.35, lower=0.3),
        ],
    )
    contributions(
        koers_home.warehouse,
        ("org", "child_unit", "sales", "-12", "-15"),
        ("org", "child_unit", "(overlap)", "-3", "-15"),
        ("org", "child_unit", "p1", "2", "-15"),
        ("org", "child_unit", "p2", "-2.5", "-15"),
        ("org", "child_unit", "south", "0.5", "-15"),
        ("org", "driver_kpi", "win_rate", "-15", "-15"),
        ("north", "child_unit", "p1", "7", "7"),
    )
    publish(koers_home.warehouse, koers_home, run_id="test", keep=2)
    told = results(kpis)

    revenue = told["revenue"]
    assert not revenue.passed
    assert revenue.severity is dg.AssetCheckSeverity.WARN
    shown = {name: entry.value for name, entry in revenue.metadata.items()}
    assert (shown["value"], shown["target"], shown["status"]) == (80.0, 100.0, "off_course")
    assert shown["process_status"] == "drifting"
    assert shown["period"] == "February 2025"
    assert shown["unit"] == "Voorbeeld B.V. (organisation)"
    assert "€" in shown["band"]
    picture = str(shown["history"]).split("base64,")[1].rstrip(")")
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert "Piet" not in str(shown["off_course"]), "a person is counted, not named"
    assert "People off course: 1" in str(shown["off_course"])

    moved = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in str(shown["moved_by"]).splitlines()[2:]
    ]
    assert [(row[0], row[2], row[5]) for row in moved] == [
        ("the period before", "Verkoop", "80%"),
        ("the period before", "(overlap)", "20%"),
        ("the period before", "2 people", "3%"),
        ("the period before", "Win rate", "100%"),
    ]
    assert "-€12.00" in moved[0]
    assert shown["alerts"] == "none", "nothing was judged yet"

    assert told["win_rate"].passed
    assert told["win_rate"].metadata["moved_by"].value == "none"
    assert not told["nps"].passed, "no data is not all well"


def test_an_alert_and_what_was_done_about_it_also_between_two_builds(koers_home: Home) -> None:
    off = fact("revenue", "org", month(2), 80.0, "off_course")
    made = publish(warehouse(koers_home.warehouse, [off]), koers_home, run_id="test", keep=2)
    watch(made, koers_home.ledger)
    ledger = koers_home.ledger

    def tick(cursor: str | None) -> tuple[list[dg.AssetCheckEvaluation], str | None]:
        told = alerts_sensor(dg.build_sensor_context(cursor=cursor))
        assert isinstance(told, dg.SensorResult)
        return [e for e in told.asset_events if isinstance(e, dg.AssetCheckEvaluation)], told.cursor

    ((fires,), cursor) = tick(None)
    assert (fires.check_name, fires.passed) == ("revenue", False)
    assert "open alerts: 1 firing" in str(fires.description)
    assert "koers alerts show revenue/org/tolerance/2025-02-01" in alerts_of(fires)
    assert tick(cursor) == ([], cursor), "once"

    acknowledge(ledger, "revenue/org", "jan", "the | pump")
    ((acknowledged,), cursor) = tick(cursor)
    assert "| acknowledged by jan (the   pump) |" in alerts_of(acknowledged)

    now = dt.datetime.now(dt.UTC)
    silence(ledger, Silence(now, now + dt.timedelta(days=1), owner="directie"), "jan", "holiday")
    ((silenced,), cursor) = tick(cursor)
    assert ", silenced until " in alerts_of(silenced)

    on = fact("revenue", "org", month(3), 99.0, "on_course")
    watch(publish(warehouse(koers_home.warehouse, [on]), koers_home, run_id="t", keep=2), ledger)
    ((over,), _) = tick(cursor)
    assert (over.passed, alerts_of(over)) == (True, "none")


def alerts_of(check: dg.AssetCheckEvaluation) -> str:
    return str(check.metadata["alerts"].value)
