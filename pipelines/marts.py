"""The public tables: which exist, what identifies a row, and a hash that says two builds are equal.

`MARTS` is a closed list: what is not in it is never published. `facts_hash` does not depend on the
order of the rows or of the columns, nor on when a row was computed, so a rebuild from the landing
gives the same hash as the warehouse that grew night by night.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Mart:
    """A public table. `key` identifies a row; empty where rows have no key. `may_empty`: that it
    has rows is a choice of the settings, so that it may lose them all from one day to the next."""

    name: str
    key: tuple[str, ...]
    required: bool = False
    may_empty: bool = False


_PERIOD = ("kpi", "org_unit_id", "grain", "period_start")

MARTS = (
    Mart("dim_date", ("date_day",)),
    Mart("dim_kpi", ("kpi",), required=True),
    Mart("dim_org_unit", ("org_unit_id",), required=True),
    Mart("dim_org_unit_history", ()),
    Mart("dim_source", ()),
    Mart("bridge_org_unit", (), required=True),
    Mart("fct_kpi_values", _PERIOD, required=True),
    Mart("fct_kpi_status", _PERIOD, required=True),
    Mart(
        "fct_kpi_contributions",
        (*_PERIOD, "comparison", "contributor_type", "contributor", "effect"),
    ),
    Mart("fct_kpi_rewards", _PERIOD, may_empty=True),
    Mart("fct_source_freshness", ()),
    Mart("fct_data_quality", ()),
)

READ_BY = ("grain", "org_unit_id", "kpi", "period_start")
"""The order of published facts. DuckDB and Parquet skip the row groups whose least and greatest
values rule them out: questions are asked of one grain nearly always, and a scorecard or a history
of one unit is then a few of them."""

ALERT_EVENTS = Mart("fct_alert_events", ("dedup_key",))

VOLATILE_TABLES = frozenset({"fct_alert_events", "fct_source_freshness"})
"""Left out of the facts hash: they say when something ran, not what the figures are."""

VOLATILE_COLUMNS = frozenset(
    {
        "load_id",
        "loaded_at",
        "first_loaded_at",
        "extracted_at",
        "built_at",
        "computed_at",
        "published_at",
        "run_id",
    }
)
"""Left out of a row's hash: they legitimately differ between two builds of the same facts."""

_FIELD = "chr(31)"
_NULL = "chr(30)"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(
    connection: duckdb.DuckDBPyConnection, table: str, database: str | None = None
) -> dict[str, str]:
    """The columns of a table in schema `main` with their types; empty if there is no such table."""
    rows = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = 'main' "
        "and table_name = ? and database_name = coalesce(?, current_database()) "
        "order by column_index",
        [table, database],
    ).fetchall()
    return dict(rows)


def facts_hash(
    connection: duckdb.DuckDBPyConnection,
    *,
    tables: Sequence[str] | None = None,
    excluded: Collection[str] = VOLATILE_COLUMNS,
    database: str | None = None,
) -> str:
    """A SHA-256 over every row of the fact tables of one database.

    A double counts to 12 significant digits, since a sum may differ in its last bit by the order
    of adding up. Tables that do not exist are skipped; one that exists but is empty is not the same
    as one that does not.
    """
    if tables is None:
        tables = [m.name for m in MARTS if m.name.startswith("fct_")]
        tables = [name for name in tables if name not in VOLATILE_TABLES]
    digest = hashlib.sha256()
    for table in sorted(tables):
        columns = columns_of(connection, table, database)
        hashed = sorted(set(columns) - set(excluded))
        if not hashed:
            continue
        row = f"concat_ws({_FIELD}, {', '.join(canonical(c, columns[c]) for c in hashed)})"
        prefix = f"{quoted(database)}." if database else ""
        # Sums of both halves of each row's MD5: independent of order, and a row twice counts twice.
        sums = connection.execute(
            f"select count(*), sum(md5_number_lower({row})), sum(md5_number_upper({row})) "
            f"from {prefix}main.{quoted(table)}"
        ).fetchone()
        digest.update(f"{table}({','.join(hashed)})={sums}\n".encode())
    return digest.hexdigest()


def dims_hash(connection: duckdb.DuckDBPyConnection, *, database: str | None = None) -> str:
    """As `facts_hash`, over the dimensions and the bridge."""
    names = [m.name for m in MARTS if not m.name.startswith("fct_")]
    return facts_hash(connection, tables=names, database=database)


def canonical(column: str, data_type: str) -> str:
    """The SQL of a column as text, equal for values that count as the same."""
    value = quoted(column)
    if data_type in ("DOUBLE", "FLOAT"):
        text = f"format('{{:.12g}}', {value}::double + 0.0)"  # + 0.0 makes -0.0 the same as 0.0
    elif data_type == "TIMESTAMP WITH TIME ZONE":
        text = f"epoch_us({value})::varchar"  # as text it would depend on the session's time zone
    else:
        text = f"{value}::varchar"
    return f"coalesce({text}, {_NULL})"
