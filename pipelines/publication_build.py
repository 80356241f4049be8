"""Makes the DuckDB file and the Parquet files of a publication, and refuses a wrong one.

The file is fresh: tables are copied out of the read-only warehouse, never altered in place, so
nothing erased survives in old pages. Storage version v1.0.0, which DuckDB 1.0 and later open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.disk import is_of_disk, refused
from connectors.core.durable import sync
from connectors.core.failpoints import failpoint
from pipelines.about_publication import About, write_about
from pipelines.audience_tables import (
    SUPPRESSION_COLUMNS,
    AudienceError,
    View,
    prepare,
    restrict_alert_events,
    select_of,
)
from pipelines.bi_views import add_views
from pipelines.machine import memory_limit
from pipelines.marts import (
    ALERT_EVENTS,
    MARTS,
    READ_BY,
    Mart,
    columns_of,
    dims_hash,
    facts_hash,
    quoted,
)
from pipelines.security.locked import QUIET
from pipelines.settings import home
from pipelines.unit_layers import add_unit_layers

STORAGE_VERSION = "v1.0.0"
STORAGE_NUMBER = 64  # what the header of a v1.0.0 file says; DuckDB 1.0 reads up to this number

ALERT_EVENT_COLUMNS = {
    "alert_id": ("varchar", "The alert: one KPI, unit and kind, from firing to resolved."),
    "kpi": ("varchar", "The KPI."),
    "org_unit_id": ("varchar", "The unit."),
    "kind": ("varchar", "tolerance: outside what was agreed; drift: outside what is usual."),
    "state": ("varchar", "The state the alert went into."),
    "occurred_at": ("timestamp", "When, in UTC."),
    "period_start": ("date", "First day of the period that was judged."),
    "publication_id": ("varchar", "The publication that was judged."),
    "dedup_key": ("varchar", "Names this transition; no two have the same."),
    "detail": (
        "varchar",
        "JSON: value, target, bands, since when, what was done and by whom, the messages sent.",
    ),
}


class PublicationError(RuntimeError):
    """The publication cannot be made or read; what was published before still stands."""


@dataclass(frozen=True)
class Built:
    """What was measured on the finished file."""

    tables: dict[str, int]
    facts_hash: str
    dims_hash: str


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that never downloads an extension. What does not fit in the memory that
    this machine lets it have goes beside the warehouse, in the home."""
    return duckdb.connect(
        config={
            **QUIET,
            "memory_limit": memory_limit(),
            "temp_directory": str(home().warehouse.parent / "spill"),
        }
    )


def build(
    warehouse: Path,
    folder: Path,
    alert_events: Iterable[tuple[Any, ...]],
    view: View,
    about: About,
) -> None:
    """Write `koers.duckdb` and `parquet/` into the new, empty `folder`, closed and fsynced; only
    what is for the audience of `view` ever gets into them.

    Raises PublicationError if the warehouse cannot be read or lacks a table, or the audience names
    a unit or KPI that does not exist.
    """
    file = folder / "koers.duckdb"
    try:
        with connect() as connection:
            connection.execute(f"attach {_text(warehouse)} as warehouse (read_only)")
            connection.execute(
                f"attach {_text(file)} as published (storage_version '{STORAGE_VERSION}')"
            )
            there = [mart for mart in MARTS if _exists(connection, mart)]
            if not view.audience.is_whole:
                prepare(connection, view)
            tables = [_copy(connection, mart, view) for mart in there]
            tables.append(_write_alert_events(connection, alert_events, view))
            tables.append(write_about(connection, about))
            tables.extend(add_unit_layers(connection, tables))
            add_views(connection, tables)
            failpoint("publish.building")
            connection.execute("checkpoint published")
            connection.execute("detach warehouse")
            _write_parquet(connection, folder / "parquet", tables)
            connection.execute("detach published")
    except AudienceError as error:
        raise PublicationError(f"{error}; the publication of before still stands.") from error
    except duckdb.Error as error:
        if is_of_disk(error):
            raise PublicationError(refused_by_disk(folder.parent.parent, error)) from error
        raise PublicationError(
            f"Could not make a publication of {warehouse} in {folder}: {error}. The publication of "
            "before still stands; mend the cause and run `koers publish`."
        ) from error
    failpoint("publish.before_fsync")
    for written in (file, *(folder / "parquet").iterdir()):
        sync(written)
    sync(folder / "parquet")
    sync(folder)


def refused_by_disk(folder: Path, error: BaseException) -> str:
    """What to tell where the disk refuses a publication in the folder of an audience."""
    file = folder / "koers.duckdb"
    before = file.stat().st_size if file.exists() else 0
    return (
        f"The publication in {folder} cannot be made: {refused(folder, error, 2 * before)} What "
        "was published before still stands. Fewer `keep_publications` in koers.yaml take less "
        "room; then run `koers publish`."
    )


def gate(
    warehouse: Path, file: Path, previous: Mapping[str, int], *, is_whole: bool = True
) -> Built:
    """Look at the finished file as a reader would; `previous` is rows by table of the one before.
    is_whole: whether it holds all rows of the warehouse.

    Raises PublicationError naming the table and what is wrong with it.
    """
    if sidecars(file):
        raise PublicationError(f"{file} was not closed cleanly: {sidecars(file)} lies beside it.")
    with file.open("rb") as stream:
        number = int.from_bytes(stream.read(20)[12:], "little")
    if number != STORAGE_NUMBER:
        raise PublicationError(f"{file} has storage version {number}, not {STORAGE_NUMBER}.")
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = _counts(connection)
            _compare(connection, tables, warehouse, previous, is_whole)
            return Built(tables, facts_hash(connection), dims_hash(connection))
    except duckdb.Error as error:
        raise PublicationError(f"The new publication {file} cannot be read: {error}") from error


def sidecars(file: Path) -> list[Path]:
    """The write-ahead logs beside a DuckDB file. While there is one, the file is not whole."""
    names = [
        file.with_name(file.name + end) for end in (".wal", ".wal.checkpoint", ".wal.recovery")
    ]
    return [path for path in names if path.exists()]


def _exists(connection: duckdb.DuckDBPyConnection, mart: Mart) -> bool:
    exists = bool(columns_of(connection, mart.name, "warehouse"))
    if mart.required and not exists:
        raise PublicationError(
            f"The warehouse has no table {mart.name}: the dbt build did not finish. "
            "Run `koers run`."
        )
    return exists


def _copy(connection: duckdb.DuckDBPyConnection, mart: Mart, view: View) -> str:
    """Copy a table (or view) as a table, with what its descriptions say; its name."""
    table = mart.name
    name = quoted(table)
    select = select_of(connection, table, view)
    order = f" order by {', '.join(READ_BY)}" if set(READ_BY) <= set(mart.key) else ""
    connection.execute(f"create table published.main.{name} as select * from ({select}){order}")
    about = connection.execute(
        "select comment from (select table_name, comment, database_name, schema_name "
        "from duckdb_tables() union all select view_name, comment, database_name, schema_name "
        "from duckdb_views()) where database_name = 'warehouse' and schema_name = 'main' "
        "and table_name = ?",
        [table],
    ).fetchone()
    if about and about[0]:
        connection.execute(f"comment on table published.main.{name} is {_text(about[0].strip())}")
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'warehouse' "
        "and schema_name = 'main' and table_name = ? and comment is not null",
        [table],
    ).fetchall()
    for column, comment in columns:
        connection.execute(
            f"comment on column published.main.{name}.{quoted(column)} is {_text(comment.strip())}"
        )
    if table in ("fct_kpi_values", "fct_kpi_status"):
        for column, comment in SUPPRESSION_COLUMNS.items():
            connection.execute(
                f"comment on column published.main.{name}.{column} is {_text(comment)}"
            )
    return table


def _write_alert_events(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, ...]], view: View
) -> str:
    table = f"published.main.{ALERT_EVENTS.name}"
    types = {name: data_type for name, (data_type, _) in ALERT_EVENT_COLUMNS.items()}
    fields = ", ".join(f"{name} {data_type}" for name, data_type in types.items())
    # In memory first: what is not for the audience may never have been in its file.
    connection.execute(f"create temp table alert_event ({fields})")
    by_column = [list(values) for values in zip(*rows, strict=True)]
    if by_column:
        lists = ", ".join(f"unnest(?::{data_type}[])" for data_type in types.values())
        connection.execute(f"insert into alert_event select {lists}", by_column)
    restrict_alert_events(connection, "alert_event", view)
    connection.execute(f"create table {table} as from alert_event")
    connection.execute(f"comment on table {table} is 'One row is one transition of one alert.'")
    for name, (_, comment) in ALERT_EVENT_COLUMNS.items():
        connection.execute(f"comment on column {table}.{name} is {_text(comment)}")
    return ALERT_EVENTS.name


def _write_parquet(connection: duckdb.DuckDBPyConnection, folder: Path, tables: list[str]) -> None:
    folder.mkdir()
    for table in tables:
        connection.execute(
            f"copy published.main.{quoted(table)} to {_text(folder / f'{table}.parquet')} "
            "(format parquet, compression zstd)"
        )


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'main' order by table_name"
    ).fetchall()
    return {name: _count(connection, f"main.{quoted(name)}") for (name,) in names}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _compare(
    connection: duckdb.DuckDBPyConnection,
    tables: dict[str, int],
    warehouse: Path,
    previous: Mapping[str, int],
    is_whole: bool,
) -> None:
    connection.execute(f"attach {_text(warehouse)} as warehouse (read_only)")
    for mart in (*MARTS, ALERT_EVENTS):
        if mart.name not in tables:
            continue
        rows = tables[mart.name]
        if mart is not ALERT_EVENTS and is_whole:
            expected = _count(connection, f"warehouse.main.{quoted(mart.name)}")
            if rows != expected:
                raise PublicationError(
                    f"{mart.name} has {rows} rows in the publication, {expected} in the warehouse."
                )
        if mart.key:
            key = ", ".join(quoted(column) for column in mart.key)
            twice = connection.execute(
                f"select {key}, count(*) from main.{quoted(mart.name)} "
                "group by all having count(*) > 1 limit 1"
            ).fetchone()
            if twice:
                row = dict(zip(mart.key, twice[:-1], strict=True))
                raise PublicationError(
                    f"{mart.name} has {twice[-1]} rows for {row}, where one is allowed. Nothing "
                    "was published."
                )
    emptied = [name for name, rows in previous.items() if rows and not tables.get(name)]
    may_empty = {ALERT_EVENTS.name} | {mart.name for mart in MARTS if mart.may_empty}
    emptied = [name for name in emptied if name not in may_empty]
    # What an audience may see is a choice too; what the warehouse lost, `management` tells.
    if emptied and is_whole:
        raise PublicationError(
            f"{', '.join(emptied)} would be empty or gone, while the publication of before has "
            "rows there. Nothing was published: look at the loads and the dbt build of this run."
        )
    connection.execute("detach warehouse")


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
