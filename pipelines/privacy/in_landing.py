"""A person in the landing: which rows tell of them, and those rows without them.

Nothing is added up differently afterwards. The record of a contact stays as an event (somebody
became a lead on that day) whose address and id are aliases; the work of an employee stays with a
user that is an alias, and counts for their team only (`is_erased` in dbt).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core.contract import Stream
from connectors.core.discover import discover
from connectors.core.forgotten import ANYWHERE, EMPLOYEE_FIELDS, PREFIX, Forgotten
from connectors.core.landing import Landing
from connectors.core.rewriting import (
    Change,
    Changed,
    Landed,
    LoadChange,
    as_record,
    change_load,
    record_id_of,
)
from connectors.core.spool import connect
from pipelines.privacy.aliases import Aliases
from pipelines.privacy.marks import Marks
from pipelines.privacy.person import Person
from pipelines.settings import Home

OF_USERS = ("first_name", "last_name", "name", "display_name")
"""What a tool tells of its own users beside their login: gone altogether."""
REFERRING = frozenset({"converted_to"})
"""Fields that refer to a contact under another name than its key's."""

RecordIds = Mapping[str, Mapping[str, str]]
"""By `connector.stream`: what each record id of the person becomes."""


@dataclass
class Finding:
    """Rows of a stream, or rejected rows of it, that tell of a person."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, number: int) -> None:
        if number:
            self.rows[name] = self.rows.get(name, 0) + number


@dataclass(frozen=True)
class Eraser:
    """Changes the rows of one stream."""

    person: Person
    aliases: Aliases
    connector: str
    stream: Stream

    @property
    def marks(self) -> Marks:
        return self.aliases.marks(self.person, self.connector)

    def where(self, record_ids: Mapping[str, str]) -> tuple[str, dict[str, object]]:
        """SQL for the rows that may tell of the person."""
        needles = {*self.person.named, *self.person.pseudonyms}
        needles |= {f'"{value}' for scope, value in self.person.ids if self._is_scope(scope)}
        needles |= {value for scope, value in self.person.ids if self._is_scope(scope)}
        needles |= {f'"{value}"' for scope, _, value in self.person.keys if scope == self.connector}
        return (
            "list_bool_or([contains(lower(record), needle) for needle in $needles::varchar[]])"
            " or list_contains($record_ids::varchar[], record_id)",
            {
                "needles": sorted(each.lower() for each in needles) or ["\x00"],
                "record_ids": sorted(record_ids),
            },
        )

    def _is_scope(self, scope: str) -> bool:
        return scope in (ANYWHERE, self.connector)

    def change(self, record_ids: Mapping[str, str]) -> Change:
        """See `connectors.core.rewriting`. record_ids: of rows that say nothing but their id."""
        named = self.aliases.marks(Person(named=self.person.named))
        words = self.marks

        def changed(row: Landed) -> tuple[str, str]:
            content: dict[str, Any] = json.loads(row.record)
            new = self._without(content, named, words)
            before, after = (record_id_of(each, self.stream.key) for each in (content, new))
            if before == row.record_id:
                record_id = after
            else:
                record_id = record_ids.get(row.record_id, row.record_id)
            return (row.record if new == content else as_record(new), record_id)

        return changed

    def _without(self, content: dict[str, Any], named: Marks, words: Marks) -> dict[str, Any]:
        new = dict(content)
        is_about = False
        for each in self.stream.fields:
            value = content.get(each.name)
            if not isinstance(value, str) or value.startswith(PREFIX):
                continue
            if each.personal:
                if value in self.person.pseudonyms:
                    new[each.name], is_about = self.aliases.of(value), True
            elif each.type != "text":
                continue
            elif self._is_id(each.name, value):
                new[each.name] = self.aliases.of(value)
            elif each.name == "users":
                new[each.name] = words.words(value)
            else:
                new[each.name] = named.text(value)
        if is_about or self._is_record(content):
            # The id by which the source knows the person is theirs as much as the address.
            for name in self.stream.key:
                if name.endswith("_id") and not str(new.get(name) or PREFIX).startswith(PREFIX):
                    new[name] = self.aliases.of(str(content[name]))
        if self.stream.key == ("owner_id",) and new != content:
            new |= {name: None for name in OF_USERS if new.get(name)}
        return new

    def _is_id(self, name: str, value: str) -> bool:
        connector = self.connector
        of_contact = {
            field for scope, field, v in self.person.keys if (scope, v) == (connector, value)
        }
        if name in of_contact or (of_contact and name in REFERRING):
            return True
        if name not in EMPLOYEE_FIELDS and connector != "organisation":
            return False
        folded = value.strip().casefold()
        return any(self._is_scope(s) and v.casefold() == folded for s, v in self.person.ids)

    def _is_record(self, content: Mapping[str, Any]) -> bool:
        me = (self.connector, self.stream.name, record_id_of(content, self.stream.key))
        return me in self.person.records


def plan(home: Home, person: Person, aliases: Aliases) -> tuple[Finding, dict[str, dict[str, str]]]:
    """How many rows tell of the person, by `connector.stream`, and what becomes of record ids.
    Changes nothing."""
    found, record_ids = Finding(), dict[str, dict[str, str]]()
    with connect() as db:
        for connector, stream, folders in _streams(home):
            eraser = Eraser(person, aliases, connector, stream)
            name = f"{connector}.{stream.name}"
            ids = {
                record_id: _alias_of(record_id, stream, aliases)
                for c, s, record_id in person.records
                if (c, s) == (connector, stream.name)
            }
            where, values = eraser.where(ids)
            change = eraser.change(ids)
            files = [str(file) for folder in folders for file in sorted(folder.glob("part-*"))]
            if not files:
                continue
            rows = db.execute(
                f"select record, record_id, is_deleted from read_parquet($files) where {where}",
                {"files": files, **values},
            ).fetchall()
            for record, record_id, is_deleted in rows:
                new = change(Landed(record, record_id, bool(is_deleted)))
                if new is not None and new[1] != record_id:
                    ids[record_id] = new[1]
                found.add(name, new != (record, record_id))
            if ids:
                record_ids[name] = ids
            found.add(f"{name} (rejected)", _rejected(db, folders, eraser.marks))
    return found, record_ids


def erase(
    home: Home, person: Person, aliases: Aliases, record_ids: RecordIds
) -> dict[str, Changed]:
    """Take the person out of every load; what was changed, by `connector.stream`. To be called
    again after a kill. Raises LandingDamagedError."""
    done: dict[str, Changed] = {}
    with connect() as db:
        for connector, stream, folders in _streams(home):
            eraser = Eraser(person, aliases, connector, stream)
            name = f"{connector}.{stream.name}"
            ids = record_ids.get(name, {})
            where, values = eraser.where(ids)
            change = LoadChange(where, eraser.change(ids), values, eraser.marks.words)
            for folder in folders:
                done[name] = done.get(name, Changed()) + change_load(db, folder, change)
    return {name: each for name, each in done.items() if each != Changed()}


def put_on_list(home: Home, person: Person, aliases: Aliases, forgotten: Forgotten) -> Forgotten:
    """See to it that the person is not landed again. Returns the list as it is now."""
    employees = {(scope, value): aliases.of(value) for scope, value in person.ids}
    if person.is_employee:
        employees |= {(ANYWHERE, text): aliases.of(text) for text in person.named}
    new = forgotten.with_more(
        contacts=person.pseudonyms,
        records=person.records,
        employees=employees,
    )
    new.write(home.landing)
    return new


def _alias_of(record_id: str, stream: Stream, aliases: Aliases) -> str:
    """What the id of a record becomes of which the landing says nothing else any more."""
    if len(stream.key) == 1:
        return aliases.of(record_id)
    parts = record_id.split("|")
    return "|".join(
        aliases.of(part) if name.endswith("_id") else part
        for name, part in zip(stream.key, parts, strict=False)
    )


def _rejected(db: Any, folders: list[Path], marks: Marks) -> int:
    number = 0
    for folder in folders:
        for file in folder.glob("rejects-*.parquet"):
            rows = db.execute(
                "select source_file, value, reason, record from read_parquet($file)",
                {"file": str(file)},
            ).fetchall()
            number += sum(any(t and marks.mentions(t) for t in row) for row in rows)
    return number


def _streams(home: Home) -> Iterator[tuple[str, Stream, list[Path]]]:
    landing = Landing(home.landing)
    for name, connector in discover().items():
        for stream in connector.streams:
            folders = [
                landing.load_folder(name, stream.name, load_id)
                for load_id in landing.load_ids(name, stream.name)
            ]
            if folders:
                yield name, stream, folders
