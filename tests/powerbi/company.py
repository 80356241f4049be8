"""A manifest of dbt and a publication's tables, small enough to write by hand: one KPI of each kind
that adds up in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

AGGS = {"amount": "sum", "orders": "count", "people": "count_distinct", "days": "average"}


def _kpi(label_en: str, label_nl: str, unit: str, direction: str = "higher") -> dict[str, Any]:
    smart = dict.fromkeys(("specific", "measurable", "accepted", "realistic", "time_bound"), "so")
    return {
        "label": {"en": label_en, "nl": label_nl},
        "description": {"en": f"About {label_en}.", "nl": f"Over {label_nl}."},
        "home_layer": "team",
        "owner": "eva",
        "unit": unit,
        "direction": direction,
        "cadence": "month",
        "smart": smart,
        "review_date": "2026-12-31",
        "tolerance": {"type": "percent", "lower": 0.1, "upper": 0.1},
    }


def _metric(
    name: str, kind: str, kpi: dict[str, Any] | None = None, **params: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "type_params": params,
        "config": {"meta": {"kpi": kpi} if kpi else {}},
    }


def manifest() -> dict[str, Any]:
    """As dbt writes it, of what `rules` reads."""

    def simple(name: str, measure: str, kpi: dict[str, Any] | None = None) -> dict[str, Any]:
        return _metric(name, "simple", kpi, measure={"name": measure})

    def cumulative(
        name: str, kpi: dict[str, Any], window: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        how = {"window": window, "grain_to_date": None, "period_agg": "last"}
        return _metric(
            name, "cumulative", kpi, measure={"name": "amount"}, cumulative_type_params=how
        )

    metrics = [
        simple("revenue", "amount", _kpi("Revenue", "Omzet", "currency")),
        simple("cost", "amount", _kpi("Cost", "Kosten", "currency", "lower")),
        simple("orders", "orders", _kpi("Orders", "Orders", "count")),
        simple("customers", "people", _kpi("Customers", "Klanten", "count")),
        simple("lead_time", "days", _kpi("Lead time", "Doorlooptijd", "days", "lower")),
        cumulative("book", _kpi("Book", "Portefeuille", "currency")),
        cumulative("quarter_of_days", _kpi("Last 90 days", "Laatste 90 dagen", "currency"),
                   {"count": 90, "granularity": "day"}),
        simple("plain_people", "people"),
        _metric("average_order", "ratio", _kpi("Average order", "Gemiddelde order", "currency"),
                numerator={"name": "revenue"}, denominator={"name": "orders"}),
        _metric("per_person", "ratio", _kpi("Per person", "Per persoon", "number"),
                numerator={"name": "orders"}, denominator={"name": "plain_people"}),
        _metric("coverage", "ratio", _kpi("Coverage", "Dekking", "percent"),
                numerator={"name": "book"}, denominator={"name": "revenue"}),
        _metric("margin", "derived", _kpi("It's \"margin\"", "De marge", "percent", "within"),
                expr="revenue - cost", metrics=[{"name": "revenue"}, {"name": "cost"}]),
    ]  # fmt: skip
    measures = [{"name": name, "agg": agg} for name, agg in AGGS.items()]
    return {
        "metrics": {f"metric.koers.{each['name']}": each for each in metrics},
        "semantic_models": {"semantic_model.koers.all": {"measures": measures}},
    }


KPIS = (
    "revenue", "cost", "orders", "customers", "lead_time", "book", "quarter_of_days",
    "average_order", "per_person", "coverage", "margin",
)  # fmt: skip

_FACT_COLUMNS = (
    "kpi varchar, org_unit_id varchar, grain varchar, period_start date, period_end date, "
    "numerator decimal(28, 4), denominator decimal(28, 4), kpi_value double, sample_size bigint, "
    "is_closed boolean, is_complete boolean, target double, band_lower double, band_upper double, "
    "status varchar, attainment double, streak bigint, process_band_lower double, "
    "process_band_centre double, process_band_upper double, is_suppressed boolean, "
    "suppression varchar"
)


def columns(file: Path | None = None) -> dict[str, frozenset[str]]:
    """The columns of a publication's tables: of a file, else of a small one."""
    with duckdb.connect(str(file), read_only=True) if file else tables() as db:
        found: dict[str, set[str]] = {}
        for table, column in db.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'main'"
        ).fetchall():
            found.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in found.items()}


def tables() -> duckdb.DuckDBPyConnection:
    """An empty publication in memory, without rewards."""
    db = duckdb.connect()
    db.execute(f"create table fct_kpi_status ({_FACT_COLUMNS})")
    db.execute(
        "create table dim_kpi (kpi varchar, label_nl varchar, label_en varchar, description_nl "
        "varchar, description_en varchar, owner varchar, unit varchar, cadence varchar)"
    )
    db.execute(
        "create table dim_org_unit_layers (org_unit_id varchar, unit varchar, layer varchar, "
        "parent_id varchar, depth integer, owner varchar, is_unassigned boolean, organisation "
        "varchar, department varchar, team varchar, project varchar, individual varchar)"
    )
    db.execute("create table dim_date (date_day date)")
    keys = "kpi varchar, org_unit_id varchar, grain varchar, period_start date"
    db.execute(
        f"create table fct_kpi_contributions ({keys}, comparison varchar, contributor_type "
        "varchar, contributor varchar, effect varchar, contribution decimal(38, 10), "
        "change_total decimal(38, 10))"
    )
    db.execute(
        "create table fct_alert_events (alert_id varchar, kpi varchar, org_unit_id varchar, "
        "kind varchar, state varchar, occurred_at timestamp, period_start date, "
        "publication_id varchar, dedup_key varchar, detail varchar)"
    )
    db.execute("create table dim_source (source varchar)")
    db.execute(
        "create table fct_source_freshness (connector varchar, stream varchar, "
        "last_loaded_at timestamp, covers_until date)"
    )
    db.execute(
        "create table fct_data_quality (connector varchar, stream varchar, load_id varchar, "
        "rows_read bigint, rows_loaded bigint, rows_rejected bigint, rows_quarantined bigint)"
    )
    return db
