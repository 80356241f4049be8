"""MetricFlow, asked as any tool that speaks the dbt Semantic Layer would: metrics by time and unit.

It computes from the measure models and the definitions alone; the facts are never shown to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

LAYERS = ("organisation", "department", "team", "individual", "project")
GRAINS = ("day", "week", "month", "quarter", "year")

Answer = dict[tuple[str, dt.date], tuple[Any, ...]]
"""(unit, first day of the period): the values of the metrics asked for; None is no value."""


class _Dialect:
    """What MetricFlow has to know of a database to write SQL for it; the SQL is run here."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()

    def render_bind_parameter_key(self, key: str) -> str:
        return key


class Asking:
    """MetricFlow over the measures of a warehouse, copied into memory once, since each is a view
    that attributes every record anew. The calendar is cut to the days that the facts are about."""

    def __init__(self, warehouse: Path, semantic_manifest: Path, days: Sequence[dt.date]) -> None:
        manifest = parse_manifest_from_dbt_generated_manifest(semantic_manifest.read_text())
        self._engine = MetricFlowEngine(SemanticManifestLookup(manifest), _Dialect())  # type: ignore[arg-type]
        self._database = duckdb.connect()
        self._database.execute(f"attach '{warehouse}' as built (read_only)")
        name = manifest.semantic_models[0].node_relation.database
        self._database.execute(f"attach ':memory:' as {name}")
        for model in manifest.semantic_models:
            measures = model.node_relation.alias
            self._database.execute(
                f"use built; create table {name}.main.{measures} as from {measures}"
            )
        self._database.execute(
            f"create table {name}.main.dim_date as from built.main.dim_date"
            f" where date_day between ? and ?",
            [min(days), max(days)],
        )

    def ask(self, metrics: Sequence[str], grain: str, layer: str) -> Answer:
        """The metrics per unit of a layer and period of a grain."""
        request = MetricFlowQueryRequest.create(
            metric_names=metrics, group_by_names=[f"metric_time__{grain}", layer]
        )
        sql = self._engine.explain(request).sql_statement.without_descriptions.sql
        wanted = ", ".join(metrics)
        rows = self._database.execute(
            f"select {layer}, cast(metric_time__{grain} as date), {wanted} from ({sql})"
        ).fetchall()
        return {(unit, start): tuple(values) for unit, start, *values in rows if unit is not None}

    def close(self) -> None:
        self._database.close()
