"""A person in SQLite files: the alert ledger and Dagster's storage.

A row that was deleted or changed stays in the file's free pages and in its log, so every file is
written anew (VACUUM) and its log emptied.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.privacy.marks import Marks

MAGIC = b"SQLite format 3\x00"
WAIT_SECONDS = 60.0


class SqliteBusyError(RuntimeError):
    """Another process does not let go of an SQLite file."""


def is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection without transactions of its own; what is deleted is overwritten."""
    with contextlib.closing(
        sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    ) as connection:
        connection.execute("pragma secure_delete = on")
        yield connection


@contextlib.contextmanager
def looked_at(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads."""
    with contextlib.closing(
        sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)
    ) as connection:
        yield connection


def columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Every table with every column."""
    tables = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    ).fetchall()
    for (table,) in tables:
        for row in connection.execute(f"pragma table_info({quoted(table)})").fetchall():
            yield table, row[1]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text_of(value: object) -> str | None:
    """The text of a value, also of one that Dagster keeps compressed."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        with contextlib.suppress(zlib.error):
            value = zlib.decompress(value)
        return value.decode("utf-8", "replace")
    return None


def changed(
    value: str | bytes | int | float | None, change: Callable[[str], str]
) -> str | bytes | int | float | None:
    """A value with its text changed, in the form that it had."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, bytes):
        try:
            inner = zlib.decompress(value)
        except zlib.error:
            return change(value.decode("latin-1")).encode("latin-1", "replace")
        return zlib.compress(change(inner.decode("utf-8", "replace")).encode())
    return value


def count(file: Path, marks: Marks) -> int:
    """In how many values a person is mentioned."""
    with looked_at(file) as connection:
        connection.create_function("mentions", 1, lambda value: _mentions(value, marks))
        return sum(
            connection.execute(
                f"select count(*) from {quoted(table)} where mentions({quoted(column)})"
            ).fetchone()[0]
            for table, column in columns(connection)
        )


def erase(file: Path, marks: Marks) -> int:
    """Put aliases in the place of a person in every value; how many were changed. To be called
    again after a kill. Raises SqliteBusyError, and sqlite3.DatabaseError for a broken file."""
    try:
        with opened(file) as connection:
            connection.create_function("mentions", 1, lambda value: _mentions(value, marks))
            connection.create_function("erased", 1, lambda value: changed(value, marks.words))
            number = 0
            with all_or_nothing(connection), without_triggers(connection):
                for table, column in columns(connection):
                    name = quoted(column)
                    number += connection.execute(
                        f"update {quoted(table)} set {name} = erased({name}) where mentions({name})"
                    ).rowcount
            clean(connection)
            return number
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise SqliteBusyError(
                f"{file} is in use ({error}). Stop `koers up` and run the same command again: it "
                "goes on where it was."
            ) from error
        raise


def _mentions(value: object, marks: Marks) -> bool:
    text = text_of(value)
    return text is not None and marks.mentions(text)


@contextlib.contextmanager
def all_or_nothing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextlib.contextmanager
def without_triggers(connection: sqlite3.Connection) -> Iterator[None]:
    """Tables that only grow are guarded by triggers: away within this transaction. Nobody else can
    see them gone."""
    triggers = connection.execute(
        "select name, sql from sqlite_master where type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"drop trigger {quoted(name)}")
    yield
    for _, sql in triggers:
        connection.execute(sql)


def clean(connection: sqlite3.Connection) -> None:
    """Write the file anew without what was deleted, and empty its log."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
