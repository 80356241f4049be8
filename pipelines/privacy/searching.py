"""Looks for texts in every byte of a home, unpacking what is packed: the proof of an erasure.

Parquet and DuckDB files are read by DuckDB (their strings lie compressed), SQLite files both by
their values and by their bytes (free pages and logs count), gzip and zip files and workbooks
unpacked. Upper and lower case are the same.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.privacy import in_sqlite
from pipelines.privacy.marks import variants


@dataclass(frozen=True)
class Hit:
    """A file that holds one of the texts; `number`: which one. Never the text itself."""

    file: Path
    number: int


class _Needles:
    """The texts in all forms that bytes may have, and a database to read other databases with."""

    def __init__(self, db: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
        self.db = db
        self.texts = [text.lower() for text in texts]
        self.bytes = [
            (number, form)
            for number, text in enumerate(texts)
            for variant in variants(text)
            for form in _forms(variant)
        ]

    def in_bytes(self, content: bytes) -> set[int]:
        low = content.lower()
        return {number for number, form in self.bytes if form in low}


def _forms(text: str) -> Iterator[bytes]:
    for each in dict.fromkeys((text.lower(), text.lower().encode("ascii", "ignore").decode())):
        if each == text.lower():
            yield each.encode().lower()
            yield each.encode("utf-16-le").lower()
            try:
                yield each.encode("latin-1").lower()
            except UnicodeEncodeError:
                continue


def search(root: Path, texts: Sequence[str], leave_out: Iterable[Path] = ()) -> list[Hit]:
    """Every file under a folder that holds one of the texts, sorted."""
    skipped = set(leave_out)
    hits = []
    seen: dict[tuple[int, int], set[int]] = {}
    with duckdb.connect(config={"threads": 1}) as db:
        needles = _Needles(db, [text for text in texts if text])
        for file in sorted(root.rglob("*")):
            if file.is_symlink() or not file.is_file() or file in skipped:
                continue
            status = file.stat()
            inode = (status.st_dev, status.st_ino)  # a publication is a link to its snapshot
            if inode not in seen:
                seen[inode] = _in_file(file, needles)
            found = seen[inode] | needles.in_bytes(str(file.relative_to(root)).encode())
            hits += [Hit(file, number) for number in sorted(found)]
    return hits


def _in_file(file: Path, needles: _Needles) -> set[int]:
    content = file.read_bytes()
    found = needles.in_bytes(content) | _unpacked(content, needles)
    if content.startswith(b"PAR1"):
        found |= _in_parquet(file, needles)
    elif content[8:12] == b"DUCK":
        found |= _in_duckdb(file, needles)
    elif content.startswith(in_sqlite.MAGIC):
        found |= _in_sqlite(file, needles)
    return found


def _unpacked(content: bytes, needles: _Needles, depth: int = 0) -> set[int]:
    found: set[int] = set()
    if depth > 3:
        return found
    if content.startswith(b"\x1f\x8b"):
        inner = gzip.decompress(content)
        return needles.in_bytes(inner) | _unpacked(inner, needles, depth + 1)
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for entry in packed.infolist():
                inner = packed.read(entry)
                found |= needles.in_bytes(entry.filename.encode()) | needles.in_bytes(inner)
                found |= _unpacked(inner, needles, depth + 1)
    elif content[:1] == b"\x78":
        try:
            inner = zlib.decompress(content)
        except zlib.error:
            return found
        return needles.in_bytes(inner)
    return found


def _in_parquet(file: Path, needles: _Needles) -> set[int]:
    path = str(file).replace("'", "''")
    return _in_table(f"read_parquet('{path}')", needles)


def _in_duckdb(file: Path, needles: _Needles) -> set[int]:
    found: set[int] = set()
    path = str(file).replace("'", "''")
    needles.db.execute(f"attach '{path}' as looked_in (read_only)")
    try:
        for schema, table in needles.db.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'looked_in'"
        ).fetchall():
            name = ".".join(f'"{each}"' for each in ("looked_in", schema, table))
            found |= _in_table(name, needles)
    finally:
        needles.db.execute("detach looked_in")
    return found


def _in_table(relation: str, needles: _Needles) -> set[int]:
    db = needles.db
    names = [
        row[0]
        for row in db.execute(f"describe select * from {relation}").fetchall()
        if any(word in row[1] for word in ("VARCHAR", "STRUCT", "BLOB", "JSON", "MAP"))
    ]
    if not names:
        return set()
    texts = [f'bool_or(contains(lower(cast(t."{name}" as varchar)), n.text))' for name in names]
    rows = db.execute(
        f"select n.number, {' or '.join(texts)} from {relation} as t cross join "
        "(select unnest(?::integer[]) as number, unnest(?::varchar[]) as text) as n "
        "group by n.number",
        [list(range(len(needles.texts))), needles.texts],
    ).fetchall()
    return {number for number, is_there in rows if is_there}


def _in_sqlite(file: Path, needles: _Needles) -> set[int]:
    found: set[int] = set()
    with in_sqlite.looked_at(file) as connection:
        for table, column in list(in_sqlite.columns(connection)):
            for (value,) in connection.execute(
                f"select {in_sqlite.quoted(column)} from {in_sqlite.quoted(table)}"
            ):
                if (text := in_sqlite.text_of(value)) is not None:
                    found |= needles.in_bytes(text.encode())
    return found
