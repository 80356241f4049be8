"""A KPI is one YAML entry, a new measure one SQL model and its YAML: in a copy of the dbt project,
with nothing else edited, both are in every layer, in the asset checks and in the publication, and
are what MetricFlow says they are."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.dbt import prepare_manifest, run_dbt
from pipelines.defs.checks import kpi_checks
from pipelines.kpis import load_kpis
from pipelines.publication import publish
from pipelines.settings import DBT_PROJECT_DIR, Home, settings
from tests.line.line import ingest, write
from tests.parity.comparing import compare

KPI = """
  - name: {name}
    label: {name}
    type: {type}
    type_params: {params}
    {more}
    config:
      meta:
        kpi:
          label: {{nl: {name}, en: {name}}}
          description: {{nl: Uitleg., en: Explanation.}}
          home_layer: team
          owner: verkoop
          unit: number
          direction: higher
          cadence: month
          smart: {{specific: a, measurable: b, accepted: c, realistic: d, time_bound: e}}
          review_date: 2027-01-01
          tolerance: {{type: percent, lower: 0.1, upper: 0.1}}
"""
ON_EXISTING_MEASURES = {
    "pump_orders": (
        "simple",
        "{measure: won_orders}",
        "filter: \"{{ Dimension('orders_event__product') }} = 'Pump'\"",
    ),
    "revenue_this_year": (
        "cumulative",
        "{measure: order_amount, cumulative_type_params: {period_agg: last, grain_to_date: year}}",
        "",
    ),
    "revenue_of_30_days": (
        "cumulative",
        "{measure: order_amount, cumulative_type_params: {period_agg: last, window: 30 days}}",
        "",
    ),
    "orders_and_a_tenth": (
        "derived",
        "{expr: won * 1.1, metrics: [{name: won_orders, alias: won}]}",
        "",
    ),
}
ON_A_NEW_MEASURE = {
    "mean_deal": ("simple", "{measure: deal_size_mean}", ""),
    "counted_deals": ("simple", "{measure: deal_sizes}", ""),
    "smallest_deal": ("simple", "{measure: deal_size_min}", ""),
    "largest_deal": ("simple", "{measure: deal_size_max}", ""),
    "deal_owners": ("simple", "{measure: deal_owner_count}", ""),
    "deal_spread": (
        "derived",
        "{expr: largest_deal - smallest_deal, metrics: [largest_deal, smallest_deal]}",
        "",
    ),
}
MODEL = """
select
    deal_key,
    measure_date,
    {{ org_columns() }},
    order_amount / share as deal_size
from {{ ref('measure_orders') }}
where order_amount is not null
"""
SEMANTIC_MODEL = """
semantic_models:
  - name: deal_sizes
    model: ref('measure_deal_sizes')
    defaults: {agg_time_dimension: measure_date}
    primary_entity: deal_size
    entities:
      - {name: organisation, type: foreign, expr: organisation_id}
      - {name: department, type: foreign, expr: department_id}
      - {name: team, type: foreign, expr: team_id}
      - {name: individual, type: foreign, expr: individual_id}
      - {name: project, type: foreign, expr: project_id}
    dimensions:
      - {name: measure_date, type: time, type_params: {time_granularity: day}}
    measures:
      - {name: deal_size_mean, agg: average, expr: deal_size}
      - {name: deal_sizes, agg: count, expr: deal_size}
      - {name: deal_size_min, agg: min, expr: deal_size}
      - {name: deal_size_max, agg: max, expr: deal_size}
      - {name: deal_owner_count, agg: count_distinct, expr: individual_id}
"""
ORGANISATION = {
    "org_units": """
        Eenheid;Laag;Valt onder;Naam
        bedrijf;organisatie;;Bedrijf
        verkoop;afdeling;bedrijf;Verkoop
        noord;team;verkoop;Noord
        zuid;team;verkoop;Zuid
        lente;project;verkoop;Lente
    """,
    "people": """
        person_id;name
        ann;Ann
        bob;Bob
    """,
    "memberships": """
        Medewerker;Eenheid;Aandeel
        ann;noord;60
        ann;zuid;40
        bob;zuid;
    """,
    "project_rules": """
        Bron;Waarde;Project
        *;lente;lente
    """,
}
HEADINGS = (
    "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Product,Campaign,Create Date,"
    "Close Date,Last Modified Date\n"
)
DEALS = """
    1,Ann,Closed won,100.01,EUR,Pump,lente,2025-11-05 10:00,2025-12-03 12:00,2025-12-03 12:00
    2,Ann,Closed won,300.00,EUR,Panel,,2026-01-05 10:00,2026-01-02 12:00,2026-01-02 12:00
    3,Bob,Closed won,50.00,EUR,Pump,,2026-01-05 10:00,2026-01-20 12:00,2026-01-20 12:00
    4,Bob,Closed lost,999.00,EUR,Pump,lente,2026-01-05 10:00,2026-01-21 12:00,2026-01-21 12:00
    5,Eve,Closed won,20.00,EUR,Pump,lente,2026-01-05 10:00,2026-01-22 12:00,2026-01-22 12:00
    6,Bob,Open,70.00,EUR,Pump,,2026-02-05 10:00,,2026-02-28 12:00
"""
# A count or mean of records is weighted here by the share of who works in two teams; MetricFlow's
# own aggregations know no weights.
WEIGHTED = {"mean_deal", "counted_deals"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the dbt project with the new entries in it."""
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project)
    for file, kpis in (
        ("models/kpis/own.yml", ON_EXISTING_MEASURES),
        ("models/kpis/sizes.yml", ON_A_NEW_MEASURE),
    ):
        entries = [
            KPI.format(name=name, type=kind, params=params, more=more)
            for name, (kind, params, more) in kpis.items()
        ]
        (project / file).write_text("metrics:" + "".join(entries))
    (project / "models/measures/measure_deal_sizes.sql").write_text(MODEL)
    (project / "models/measures/measure_deal_sizes.yml").write_text(SEMANTIC_MODEL)
    return project


@pytest.mark.fault("D10")
@pytest.mark.nightly
def test_a_new_kpi_and_a_new_measure_are_everywhere(koers_home: Home, copied: Path) -> None:
    for name, text in ORGANISATION.items():
        write(koers_home.inbox / "organisation", f"{name}.csv", text)
    write(koers_home.inbox / "hubspot", "deals.csv", HEADINGS + DEALS.strip())
    ingest(koers_home)
    manifest = prepare_manifest(koers_home, settings(koers_home), project=copied)
    run_dbt(["build"], koers_home, settings(koers_home), project=copied)
    publish(koers_home.warehouse, koers_home, run_id="test", keep=2)
    new = {*ON_EXISTING_MEASURES, *ON_A_NEW_MEASURE}

    checks = kpi_checks(load_kpis(json.loads(manifest.read_text())))
    assert new <= {key.name for key in checks.check_keys}
    layers = ["department", "individual", "organisation", "project", "team"]
    with duckdb.connect(str(koers_home.publication()), read_only=True) as facts:
        assert new <= {k for (k,) in facts.execute("select kpi from dim_kpi").fetchall()}
        for kpi, found in facts.execute(
            "select kpi, list(distinct layer order by layer) from fct_kpi_values"
            " inner join dim_org_unit using (org_unit_id) where kpi_value is not null group by 1"
        ).fetchall():
            assert kpi not in new or found == layers, kpi

        def value(kpi: str, unit: str, start: str, grain: str = "month") -> float | None:
            row = facts.execute(
                "select kpi_value from fct_kpi_values where kpi = ? and org_unit_id = ?"
                " and grain = ? and period_start = ?",
                [kpi, unit, grain, dt.date.fromisoformat(start)],
            ).fetchone()
            return row[0] if row else None

        assert value("pump_orders", "bedrijf", "2026-01-01") == 2
        assert value("revenue_this_year", "bedrijf", "2025-12-01") == 100.01
        assert value("revenue_this_year", "bedrijf", "2026-01-01") == 370
        assert value("revenue_this_year", "noord", "2026-01-01") == 180
        assert value("revenue_of_30_days", "bedrijf", "2026-01-01") == 370
        assert value("revenue_of_30_days", "bedrijf", "2026-01-02", "day") == 300
        assert value("revenue_of_30_days", "bedrijf", "2026-01-01", "day") == 100.01
        assert value("orders_and_a_tenth", "bedrijf", "2026-01-01") == pytest.approx(3.3)
        # Ann's 300 counts for 0.4 in zuid, beside Bob's 50.
        assert value("mean_deal", "zuid", "2026-01-01") == pytest.approx((0.4 * 300 + 50) / 1.4)
        assert value("mean_deal", "verkoop", "2026-01-01") == pytest.approx((300 + 50) / 2)
        assert value("counted_deals", "zuid", "2026-01-01") == pytest.approx(1.4)
        assert value("counted_deals", "bedrijf", "2026-01-01") == 3
        assert (
            value("smallest_deal", "zuid", "2026-01-01"),
            value("largest_deal", "zuid", "2026-01-01"),
        ) == (50, 300)
        assert value("smallest_deal", "bedrijf", "2026-02-01") is None
        assert value("deal_spread", "bedrijf", "2026-01-01", "year") == 280
        # Ann is one person, in both teams; Eve is nobody's.
        assert value("deal_owners", "zuid", "2026-01-01", "year") == 2
        assert value("deal_owners", "bedrijf", "2026-01-01", "year") == 3

    parity = compare(koers_home.warehouse, koers_home.dbt_target, kpis=sorted(new - WEIGHTED))
    assert parity.compared > 1000
    assert parity.differences == []

    # Another definition: all of its history is computed anew and says so, and no other KPI moves.
    before = versions(koers_home)
    own = copied / "models/kpis/own.yml"
    assert "Pump" in own.read_text()
    own.write_text(own.read_text().replace("Pump", "Panel"))
    run_dbt(
        ["run", "--select", "+fct_kpi_values"], koers_home, settings(koers_home), project=copied
    )
    after = versions(koers_home)
    assert {kpi for kpi in before if before[kpi][1] != after[kpi][1]} == {"pump_orders"}
    assert before["pump_orders"][0] == {dt.date(2025, 12, 1): 1, dt.date(2026, 1, 1): 2}
    assert after["pump_orders"][0] == {dt.date(2026, 1, 1): 1}
    assert len(after["pump_orders"][1]) == 1, "no period is left under the old definition"
    assert {kpi for kpi in before if before[kpi][0] != after[kpi][0]} == {"pump_orders"}


def versions(home: Home) -> dict[str, tuple[dict[dt.date, float], set[str]]]:
    """By KPI: its values for the organisation by month, where they are not 0, and the definitions
    under which its facts were computed."""
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        rows = facts.execute(
            "select kpi, org_unit_id, grain, period_start, kpi_value, definition_version"
            " from fct_kpi_values"
        ).fetchall()
    found: dict[str, tuple[dict[dt.date, float], set[str]]] = {}
    for kpi, unit, grain, start, value, version in rows:
        values, seen = found.setdefault(kpi, ({}, set()))
        seen.add(version)
        if (unit, grain) == ("bedrijf", "month") and value:
            values[start] = value
    return found
