"""Secrets that nobody uses elsewhere, and a search for them in every byte that was written."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb

_SKIPPED = 3
"""Characters of a base64 text on either side that depend on what stands beside the secret."""


def canary(number: int) -> str:
    """A secret whose spellings differ: signs that URLs and JSON write otherwise."""
    return f'kanarie-{number:02}-Zq+7/x"9\\=w%-{number * 7919:06x}'


def plain_canary(number: int) -> str:
    """One for where only letters and digits may stand."""
    return f"kanarie{number:02}zq7x9w{number * 7919:06x}"


def spellings(secret: str) -> set[bytes]:
    """How it may stand in a file."""
    raw = secret.encode()
    quoted = quote(secret, safe="")
    found = {
        raw, quoted.encode(), quoted.lower().encode(), quote(secret).encode(),
        json.dumps(secret)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode(),
        secret.encode("utf-16-le"), json.dumps(json.dumps(secret))[3:-3].encode(),
    }  # fmt: skip
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"x" * shift + raw + b"xx").rstrip(b"=")[_SKIPPED + 1 : -_SKIPPED - 1])
    return found


def leaks(secrets: Iterable[str], places: Iterable[Path]) -> list[str]:
    """In which files which secret stands, whichever way it is written and packed."""
    needles = {each: spellings(each) for each in secrets}
    found = []
    for file in (file for place in places for file in _files(place)):
        for content in contents(file):
            found += [
                f"{file}: {secret}"
                for secret, written in needles.items()
                if any(each in content for each in written)
            ]
    return sorted(set(found))


def contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and of what is packed in it."""
    raw = file.read_bytes()
    yield raw
    yield from unpacked(raw)
    if raw[:4] == b"PAR1":
        with duckdb.connect() as db:
            yield from _rows(db, f"read_parquet({_text(file)})")
    elif raw[8:12] == b"DUCK":
        with duckdb.connect(str(file), read_only=True) as db:
            tables = db.execute(
                "select database_name, schema_name, table_name from duckdb_tables()"
            ).fetchall()
            for names in tables:
                yield from _rows(db, ".".join(f'"{name}"' for name in names))
    elif raw[:15] == b"SQLite format 3":
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as lite:
            lite.text_factory = bytes
            for (name,) in lite.execute("select name from sqlite_master where type = 'table'"):
                for row in lite.execute(f'select * from "{name.decode()}"'):
                    for cell in row:
                        yield from unpacked(cell) if isinstance(cell, bytes) else ()
        lite.close()


def unpacked(raw: bytes) -> Iterator[bytes]:
    """What gzip, zip and zlib hold."""
    if raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
    elif raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for name in archive.namelist():
                inner = archive.read(name)
                yield inner
                yield from unpacked(inner)
    elif raw[:1] == b"\x78":
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            return


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> Iterator[bytes]:
    rows = db.execute(f"from {table}")
    while batch := rows.fetchmany(10_000):
        yield "\n".join(map(str, batch)).encode()
        yield "\n".join(str(cell) for row in batch for cell in row).encode()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    else:
        yield from (f for f in place.rglob("*") if f.is_file() and not f.is_symlink())


def _text(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
