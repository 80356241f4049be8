"""Whether an SQLite file is broken, and the rows that can still be read of one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BROKEN = ("malformed", "not a database", "disk image")


def is_damaged(file: Path) -> bool:
    """Whether SQLite finds the file broken; not where it is absent, empty, or cannot be opened for
    another reason (locked, forbidden)."""
    if not file.exists() or not file.stat().st_size:
        return False
    try:
        with contextlib.closing(_open(file)) as connection:
            said = connection.execute("pragma quick_check(1)").fetchall()
            return bool(said != [("ok",)])
    except sqlite3.DatabaseError as error:
        return any(word in str(error) for word in _BROKEN)


def readable(file: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table that can be read, by its row number: from its beginning up to what is
    broken, and from its end back to that."""
    found: dict[int, dict[str, Any]] = {}
    for order in ("", "desc"):
        for row in _rows(file, f"select rowid as rowid_, * from {table} order by rowid {order}"):
            found[row.pop("rowid_")] = row
    return [found[number] for number in sorted(found)]


def _rows(file: Path, query: str) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(_open(file)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute(query):
            yield dict(row)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
