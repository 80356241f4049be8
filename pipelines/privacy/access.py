"""`koers access`: everything that Koers keeps of one person, as JSON (GDPR article 15).

One file per room and table, each with what it is for, where it comes from and how long it is kept.
The folder is for this user alone (0700): it holds the person's data in clear.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.discover import discover
from connectors.core.durable import sync
from connectors.core.landing import Landing
from connectors.core.rewriting import Landed
from connectors.core.spool import connect
from pipelines.privacy import in_sqlite, journal
from pipelines.privacy.aliases import Aliases
from pipelines.privacy.in_files import FileEraser, raw_files, records_of, texts_in
from pipelines.privacy.in_landing import Eraser, RecordIds, plan
from pipelines.privacy.in_rest import named_by_people
from pipelines.privacy.marks import Marks
from pipelines.privacy.person import Person, pseudonyms_of
from pipelines.privacy.register import purposes
from pipelines.publication import current
from pipelines.settings import Home, Settings


class FolderThereError(ValueError):
    """There is something already where the answer is to come."""


@dataclass(frozen=True)
class Told:
    """What there is of a person in one table of a room."""

    room: str
    table: str
    source: str
    rows: list[dict[str, Any]] = field(default_factory=list)


def access(home: Home, settings: Settings, person: Person, folder: Path) -> list[Told]:
    """Write all that there is of a person into a new folder; what was written.

    Raises FolderThereError if the folder exists.
    """
    if folder.exists():
        raise FolderThereError(f"{folder} exists already; name another folder with --to.")
    told = list(collected(home, person))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    kept = settings.retention.told()
    why = purposes(home)
    index = []
    for each in told:
        name = f"{each.room}.{each.table}.json".replace("/", "_")
        content = {
            "room": each.room,
            "table": each.table,
            "source": each.source,
            "purpose": why,
            "kept": kept[each.room],
            "rows": each.rows,
        }
        _write(folder / name, content)
        index.append({"file": name, "room": each.room, "rows": len(each.rows)})
    _write(
        folder / "about.json",
        {
            "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "is_employee": person.is_employee,
            "is_contact": person.is_contact,
            "known_as": person.to_json(),
            "purpose": why,
            "files": index,
            "named_in_files_of_people": named_by_people(home, _marks(person)),
            "not_looked_in": "backups, and what was exported or sent from Koers",
        },
    )
    sync(folder)
    return told


def collected(home: Home, person: Person) -> Iterator[Told]:
    """What there is of a person, room by room."""
    aliases = journal.Journal(person).aliases
    marks = _marks(person)
    record_ids = plan(home, person, aliases)[1]
    yield from _landing(home, person, aliases, record_ids)
    yield from _files(home, person, aliases)
    if home.warehouse.exists():
        yield from _database(home.warehouse, "warehouse", "the landing", person, marks)
    if (published := current(home)) is not None:
        yield from _database(published.file, "publications", "the warehouse", person, marks)
    said = sorted((home.state / "said").glob("*/*/*.parquet"))
    rows: list[dict[str, Any]] = []
    with connect() as db:
        for file in said:
            path = str(file).replace("'", "''")
            rows += _rows(db, f"read_parquet('{path}')", person, marks)
    if rows:
        yield Told("said", "values", "earlier publications", rows)
    if home.ledger.exists():
        yield from _sqlite(home.ledger, "ledger", "the drift watch", marks)
    for file in sorted(home.dagster.rglob("*.db")) if home.dagster.exists() else ():
        yield from _sqlite(file, "dagster", "runs of Koers", marks, file.stem)


def _marks(person: Person) -> Marks:
    return Aliases(b"").marks(person)


def _landing(home: Home, person: Person, aliases: Aliases, record_ids: RecordIds) -> Iterator[Told]:
    landing = Landing(home.landing)
    with connect() as db:
        for name, connector in discover().items():
            for stream in connector.streams:
                parts = [str(part) for part in landing.parts(name, stream.name)]
                if not parts:
                    continue
                ids = record_ids.get(f"{name}.{stream.name}", {})
                eraser = Eraser(person, aliases, name, stream)
                where, values = eraser.where(ids)
                change = eraser.change(ids)
                found = db.execute(
                    "select record, record_id, is_deleted, updated_at, extracted_at, load_id from "
                    f"read_parquet($parts) where {where} order by load_id, record_id",
                    {"parts": parts, **values},
                ).fetchall()
                rows = [
                    {
                        "record": json.loads(record),
                        "record_id": record_id,
                        "is_deleted": is_deleted,
                        "updated_at": _text(updated_at),
                        "extracted_at": _text(extracted_at),
                        "load_id": load_id,
                    }
                    for record, record_id, is_deleted, updated_at, extracted_at, load_id in found
                    if change(Landed(record, record_id, is_deleted)) != (record, record_id)
                ]
                if rows:
                    yield Told("landing", f"{name}.{stream.name}", connector.label, rows)


def _files(home: Home, person: Person, aliases: Aliases) -> Iterator[Told]:
    hasher = pseudonyms_of(home) if person.pseudonyms else None
    for connector, file in raw_files(home):
        eraser = FileEraser(person, aliases, hasher, connector)
        rows = [
            {"row": number, "text": row.rstrip("\r\n")}
            for text in texts_in(file.name, file.read_bytes())
            for number, row in enumerate(records_of(text), 1)
            if eraser.tells(row)
        ]
        if rows:
            yield Told("files", str(file.relative_to(home.inbox)), connector, rows)


def _database(file: Path, room: str, source: str, person: Person, marks: Marks) -> Iterator[Told]:
    with duckdb.connect() as db:
        path = str(file).replace("'", "''")
        db.execute(f"attach '{path}' as looked_in (read_only)")
        for schema, table in db.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'looked_in' order by all"
        ).fetchall():
            name = ".".join(f'"{each}"' for each in ("looked_in", schema, table))
            if rows := _rows(db, name, person, marks):
                yield Told(room, table, source, rows)


def _rows(
    db: duckdb.DuckDBPyConnection, relation: str, person: Person, marks: Marks
) -> list[dict[str, Any]]:
    texts = [
        row[0]
        for row in db.execute(f"describe select * from {relation}").fetchall()
        if row[1] == "VARCHAR"
    ]
    if not texts:
        return []
    cells = ", ".join(f'"{name}"' for name in texts)
    found = db.execute(
        f"select * from {relation} where list_has_any([{cells}], $ids::varchar[]) or "
        "list_bool_or([contains(lower(concat_ws(chr(10), "
        f"{cells})), needle) for needle in $named::varchar[]])",
        {
            "ids": sorted(marks.ids),
            "named": sorted(each.lower() for each in marks.named) or ["\x00"],
        },
    )
    names = [column[0] for column in found.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _sqlite(file: Path, room: str, source: str, marks: Marks, prefix: str = "") -> Iterator[Told]:
    with in_sqlite.looked_at(file) as connection:
        tables = dict.fromkeys(table for table, _ in in_sqlite.columns(connection))
        for table in tables:
            found = connection.execute(f"select * from {in_sqlite.quoted(table)}")
            names = [column[0] for column in found.description]
            rows = []
            for row in found:
                texts = [in_sqlite.text_of(value) for value in row]
                if any(text is not None and marks.mentions(text) for text in texts):
                    rows.append(
                        {
                            name: value if text is None else text
                            for name, value, text in zip(names, row, texts, strict=True)
                        }
                    )
            if rows:
                yield Told(room, f"{prefix}.{table}" if prefix else table, source, rows)


def _text(value: object) -> object:
    """As JSON takes it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    file.chmod(0o600)
    sync(file)
