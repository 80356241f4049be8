"""A public CRM sample through the same door, compared with SQL on its files, to the cent."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.settings import PROJECT_DIR, Home
from tests.line.line import build, ingest

DATA = PROJECT_DIR.parent / "shared" / "data" / "crm-opportunities"
MAPPING = """
format: {date: mm/dd/yyyy}
streams:
  deals:
    files: ["sales_pipeline*.csv"]
    headings:
      opportunity_id: deal_id
      sales_agent: owner
      deal_stage: stage
      engage_date: created_date
      close_date: closed_date
      close_value: amount
    values:
      product: {GTXPro: GTX Pro}
"""
PEOPLE = """
format: {delimiter: ","}
streams:
  org_chart:
    files: ["sales_teams*.csv"]
    headings: {sales_agent: person, manager: team, regional_office: department}
"""


@pytest.mark.nightly
@pytest.mark.skipif(not DATA.is_dir(), reason="the public CRM sample is not beside the project")
def test_the_facts_equal_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "a key for this test")
    home = Home(tmp_path / "home")
    for name, source, mapping in (
        ("crm", "sales_pipeline.csv", MAPPING),
        ("organisation", "sales_teams.csv", PEOPLE),
    ):
        folder = home.inbox / name
        folder.mkdir(parents=True)
        (folder / source).write_bytes((DATA / source).read_bytes())
        (folder / "mapping.yaml").write_text(mapping)
    home.settings_file.write_text(
        "organisation_name: Hardware seller\ncurrency: USD\nend_date: 2017-12-31\n"
    )

    landed = ingest(home)
    assert landed["crm"].streams["deals"].counts == {
        "read": 8800,
        "loaded": 8800,
        "rejected": 0,
        "duplicate": 0,
        "left_out": 0,
    }
    build(home)

    connection = duckdb.connect(str(home.publication()), read_only=True)
    pipeline = f"read_csv('{DATA}/sales_pipeline.csv', all_varchar = true)"
    teams = f"read_csv('{DATA}/sales_teams.csv', all_varchar = true)"
    for layer, column in (
        ("individual", "sales_agent"),
        ("team", "manager"),
        ("department", "regional_office"),
        ("organisation", "'Hardware seller'"),
    ):
        expected = connection.sql(
            f"""
            select {column} as name, year(strptime(close_date, '%m/%d/%Y')) as year,
                count(*) filter (deal_stage = 'Won') as orders,
                coalesce(sum(close_value::decimal(18, 2)) filter (deal_stage = 'Won'), 0) as won,
                count(*) as closed
            from {pipeline} as pipeline join {teams} as teams using (sales_agent)
            where deal_stage in ('Won', 'Lost')
            group by all order by all
            """
        ).fetchall()
        found = connection.execute(
            """
            select units.name, year(orders.period_start),
                orders.numerator::bigint, revenue.numerator::decimal(18, 2),
                win_rate.denominator::bigint
            from fct_kpi_values as orders
            join dim_org_unit as units using (org_unit_id)
            join fct_kpi_values as revenue using (org_unit_id, grain, period_start)
            join fct_kpi_values as win_rate using (org_unit_id, grain, period_start)
            where orders.grain = 'year' and units.layer = ? and orders.kpi = 'new_orders'
                and revenue.kpi = 'revenue' and win_rate.kpi = 'win_rate'
                and not units.is_unassigned
            order by all
            """,
            [layer],
        ).fetchall()
        assert found == expected, layer
        assert len(found) > 0
