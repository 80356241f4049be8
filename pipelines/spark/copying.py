"""What Koers reads of the facts, from Spark's tables into the DuckDB warehouse file.

The public tables, and the few inner ones that say which groups are small, which versions of a
record are superseded, and which targets grow. They stream through the driver as Arrow, so neither
their size nor where Spark keeps them matters. The file is written beside the old one and takes its
place at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.durable import sync
from pipelines.marts import MARTS, quoted
from pipelines.spark.streaming import streamed

INNER = ("int_measure_days", "int_org_chains", "kpi_targets")
"""Read by publications: which groups are small (pipelines.hiding), and which targets grow."""

VERSION_COLUMNS = ("load_id", "record_id", "updated_at", "is_deleted", "quarantine_reason")
"""Of every staging table, for retention: which version of a record is superseded by a newer one."""

CASTS = {"TIMESTAMP WITH TIME ZONE": "timezone('UTC', {column})"}
"""Types that Spark has and DuckDB's models do not: a moment is a TIMESTAMP in UTC there."""


class NotBuiltError(RuntimeError):
    """A table to copy is not there; the text says which and what to do."""


def copy_warehouse(spark: Any, file: Path, manifest: Path) -> int:
    """Write `file` anew; the number of rows in it. `spark` is the session that built the tables,
    `manifest` that of the project. Raises NotBuiltError where a table is missing, and duckdb.Error
    where one cannot be written; what `file` was then stands."""
    models = _models(json.loads(manifest.read_text(encoding="utf-8")))
    _make_sure_of(spark, {name: models[name]["schema"] for name in copied(models)})
    draft = file.with_name(f"{file.stem}.copying.duckdb")
    for leftover in (draft, draft.with_name(f"{draft.name}.wal")):
        leftover.unlink(missing_ok=True)
    rows = 0
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        path = str(draft).replace("'", "''")
        connection.execute(f"attach '{path}' as copied (storage_version 'v1.0.0')")
        for name, columns in copied(models).items():
            table = spark.table(f"{models[name]['schema']}.{name}")
            chosen = table.select(*columns) if columns else table
            rows += put(connection, name, streamed(chosen), models[name])
        connection.execute("detach copied")
    sync(draft)
    draft.replace(file)
    sync(file.parent)
    return rows


def _make_sure_of(spark: Any, tables: Mapping[str, str]) -> None:
    """Raises NotBuiltError unless Spark has all of them. `tables`: name to schema."""
    there = {
        (schema, row["tableName"])
        for schema in sorted(set(tables.values()))
        for row in spark.sql(f"show tables in {schema}").collect()
    }
    missing = [name for name, schema in tables.items() if (schema, name) not in there]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise NotBuiltError(
            f"Spark has no table {', '.join(missing[:3])}{more}, so nothing was copied: a part of "
            "the models was built before there was a whole. Use `koers run --full-refresh`."
        )


def copied(models: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The tables to copy with their columns; all of them where there are none."""
    found: dict[str, tuple[str, ...]] = {
        name: () for name in (*(mart.name for mart in MARTS), *INNER) if name in models
    }
    return found | {name: VERSION_COLUMNS for name in models if name.startswith("stg_")}


def put(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Any, model: Mapping[str, Any]
) -> int:
    """Write one table, with what the model says of it and its columns as comments; the number of
    rows. `rows`: an Arrow RecordBatchReader."""
    table = f"copied.main.{quoted(name)}"
    connection.register("rows_of_spark", rows)
    types = connection.execute("select column_name, column_type from (describe rows_of_spark)")
    columns = ", ".join(
        f"{CASTS.get(kind, '{column}').format(column=quoted(column))} as {quoted(column)}"
        for column, kind in types.fetchall()
    )
    made = connection.execute(f"create table {table} as select {columns} from rows_of_spark")
    [number] = made.fetchone() or (0,)
    connection.unregister("rows_of_spark")
    if about := str(model.get("description") or "").strip():
        connection.execute(f"comment on table {table} is {_text(about)}")
    present = {column.lower() for column in rows.schema.names}
    for column, told in model.get("columns", {}).items():
        about = str(told.get("description") or "").strip()
        if about and column.lower() in present:
            connection.execute(f"comment on column {table}.{quoted(column)} is {_text(about)}")
    return int(number)


def _models(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
