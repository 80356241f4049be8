"""Who is meant: all by which a person is known in a home, found from one thing that is known.

A person is an employee (a person id, a name, a user of a source, an e-mail address), a contact (an
e-mail address, hashed as the landing hashes it), or both. A record of a source names either:
`hubspot contacts 123`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.core.contract import Stream
from connectors.core.discover import discover
from connectors.core.forgotten import ANYWHERE
from connectors.core.landing import Landing
from connectors.core.privacy import Pseudonyms, resolve_pseudonyms
from connectors.core.spool import connect
from pipelines.settings import Home


class PersonError(ValueError):
    """Nobody, or more than one person, is meant by this; the text says what to give."""


@dataclass(frozen=True)
class Person:
    """By what a person is known.

    named: e-mail addresses and names. ids: (connector or `*`, value): ids of theirs as an employee.
    units: their person ids, by which the figures of an individual go. pseudonyms: HMACs of
    personal fields, as a contact. records: (connector, stream, record_id) that are about them as a
    contact. keys: (connector, field, value): the parts of such an id that other records refer to.
    """

    named: frozenset[str] = frozenset()
    ids: frozenset[tuple[str, str]] = frozenset()
    units: frozenset[str] = frozenset()
    pseudonyms: frozenset[str] = frozenset()
    records: frozenset[tuple[str, str, str]] = frozenset()
    keys: frozenset[tuple[str, str, str]] = frozenset()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_employee(self) -> bool:
        return bool(self.units or self.ids)

    @property
    def is_contact(self) -> bool:
        return bool(self.records or self.pseudonyms)

    def to_json(self) -> dict[str, Any]:
        return {
            "named": sorted(self.named),
            "ids": sorted(map(list, self.ids)),
            "units": sorted(self.units),
            "pseudonyms": sorted(self.pseudonyms),
            "records": sorted(map(list, self.records)),
            "keys": sorted(map(list, self.keys)),
        }

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> Person:
        return cls(
            frozenset(content["named"]),
            frozenset((a, b) for a, b in content["ids"]),
            frozenset(content["units"]),
            frozenset(content["pseudonyms"]),
            frozenset((a, b, c) for a, b, c in content["records"]),
            frozenset((a, b, c) for a, b, c in content["keys"]),
        )


def pseudonyms_of(home: Home) -> Pseudonyms:
    """The key of a home. Raises UnusableKeyError."""
    return resolve_pseudonyms(home.root, Landing(home.landing).key_id())


def find(home: Home, words: Sequence[str], also: Sequence[str] = ()) -> Person:
    """The person that `words` mean: one thing that is known of them, or connector, stream and
    record id. also: further texts that name them (a name, a telephone number).

    Raises PersonError where nobody or more than one is meant.
    """
    looking = _Looking(home)
    if len(words) == 3 and words[0] in looking.connectors:
        found = looking.by_record(*words)
    elif len(words) == 1:
        found = looking.by_word(words[0])
    else:
        raise PersonError(
            "Give one thing: an e-mail address, a person id, a name or a user of a source; or a "
            "record: connector, stream and record id (hubspot contacts 123)."
        )
    more = frozenset(text.strip() for text in also if text.strip())
    found = replace(found, named=found.named | more)
    return looking.widened(found)


class _Looking:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.connectors = discover()
        self.landing = Landing(home.landing)
        self.db = connect()
        self._hasher: Pseudonyms | None = None

    @property
    def hasher(self) -> Pseudonyms:
        if self._hasher is None:
            self._hasher = pseudonyms_of(self.home)
        return self._hasher

    def by_record(self, connector: str, stream: str, record_id: str) -> Person:
        of = self.connectors[connector].stream(stream)
        records = [
            record
            for record, found in self._rows(connector, of, "record_id = $id", {"id": record_id})
            if found == record_id
        ]
        if not records:
            raise PersonError(f"{connector} {stream} has no record {record_id!r}.")
        personal = [each.name for each in of.fields if each.personal]
        pseudonyms = {r[name] for r in records for name in personal if r.get(name)}
        if personal:
            return Person(
                pseudonyms=frozenset(pseudonyms),
                records=frozenset({(connector, stream, record_id)}),
                keys=frozenset(_keys(connector, of, records)),
            )
        known = {
            r.get(name) for r in records for name in ("email", "person_id", "person", "owner_id")
        }
        for word in sorted(filter(None, known)):
            try:
                return self.by_word(word)
            except PersonError:
                continue
        raise PersonError(f"{connector} {stream} is about no person that is known.")

    def by_word(self, word: str) -> Person:
        """The employee or contact of that id, name or address."""
        word = word.strip()
        same = word.casefold()
        people = self._organisation("people")
        users = self._organisation("source_users")
        chart = {r["person"] for r in self._organisation("org_chart") if r.get("person")}
        units = {
            r["person_id"]
            for r in people
            if same in (str(r["person_id"]).casefold(), str(r.get("name")).casefold())
        }
        units |= {_slug(name) for name in chart if same in (name.casefold(), _slug(name))}
        of_users = {
            r["person_id"]
            for r in users
            if str(r.get("source_user")).casefold() == same and r.get("person_id")
        }
        if not units:
            units = of_users
        if not units and "@" not in word:
            units = self._by_login(same)
        if len(units) > 1:
            raise PersonError(f"{word!r} is more than one person: {', '.join(sorted(units))}.")
        if units:
            (unit,) = units
            return self._employee(unit, word)
        if "@" not in word:
            raise PersonError(
                f"Nobody is known as {word!r}. Give an e-mail address, a person id or name of the "
                "organisation's files, a user of a source, or connector, stream and record id."
            )
        return Person(named=frozenset({word}), pseudonyms=frozenset({self.hasher.of(word)}))

    def _employee(self, unit: str, word: str) -> Person:
        people = self._organisation("people")
        names = {r["name"] for r in people if r["person_id"] == unit and r.get("name")}
        names |= {
            r["person"] for r in self._organisation("org_chart") if _slug(r["person"]) == unit
        }
        shared = {
            name
            for name in names
            for r in people
            if r["person_id"] != unit and r.get("name") == name
        }
        notes = tuple(
            f"another employee has the same name, so it is not looked for: person {unit}"
            for _ in shared
        )
        ids = {
            (ANYWHERE if r["source"] == "*" else r["source"], r["source_user"])
            for r in self._organisation("source_users")
            if r.get("person_id") == unit and r.get("source_user")
        }
        named = {value for _, value in ids if "@" in value} | (names - shared)
        if "@" in word:
            named.add(word)
        return Person(
            named=frozenset(named),
            # The organisation's own files name the users of all sources.
            ids=frozenset(
                {("organisation", unit)}
                | {(scope, v) for s, v in ids if "@" not in v for scope in (s, "organisation")}
            ),
            units=frozenset({unit}),
            notes=notes,
        )

    def _by_login(self, same: str) -> set[str]:
        """Person ids behind a number that a source gives its user."""
        found = set()
        users = self._organisation("source_users")
        for _, stream, record in self._logins():
            if str(record.get(stream.key[0])).casefold() == same:
                logins = {str(record.get(n)).casefold() for n in ("email", "name") if record.get(n)}
                found |= {
                    r["person_id"]
                    for r in users
                    if r.get("person_id") and str(r.get("source_user")).casefold() in logins
                }
        return found

    def widened(self, person: Person) -> Person:
        """With what the landing tells besides: users of sources by their login, and the records
        with the person's pseudonyms."""
        ids, notes = set(person.ids), list(person.notes)
        if person.is_employee:
            names = {each.casefold() for each in person.named}
            for connector, stream, record in self._logins():
                told = {str(record.get(n)).casefold() for n in ("email", "name") if record.get(n)}
                both = " ".join(filter(None, (record.get("first_name"), record.get("last_name"))))
                if names & (told | {both.casefold()}):
                    ids.add((connector, record[stream.key[0]]))
        pseudonyms = set(person.pseudonyms)
        if self._has_personal():
            pseudonyms |= {self.hasher.of(each) for each in person.named if "@" in each}
        records, keys = set(person.records), set(person.keys)
        for connector, stream in self._personal_streams():
            for mark in sorted(pseudonyms):
                where = "contains(record, $mark)"
                for record, record_id in self._rows(connector, stream, where, {"mark": mark}):
                    if any(record.get(f.name) == mark for f in stream.fields if f.personal):
                        records.add((connector, stream.name, record_id))
                        keys |= _keys(connector, stream, [record])
        return replace(
            person,
            ids=frozenset(ids),
            pseudonyms=frozenset(pseudonyms),
            records=frozenset(records),
            keys=frozenset(keys),
            notes=tuple(notes),
        )

    def _has_personal(self) -> bool:
        return self.landing.key_id() is not None

    def _personal_streams(self) -> Iterator[tuple[str, Stream]]:
        for name, connector in self.connectors.items():
            for stream in connector.streams:
                if any(each.personal for each in stream.fields):
                    yield name, stream

    def _logins(self) -> Iterator[tuple[str, Stream, dict[str, Any]]]:
        for name, connector in self.connectors.items():
            for stream in connector.streams:
                if stream.key == ("owner_id",):
                    for record, _ in self._rows(name, stream, "not is_deleted", {}):
                        yield name, stream, record

    def _organisation(self, stream: str) -> list[dict[str, Any]]:
        of = self.connectors["organisation"].stream(stream)
        return [record for record, _ in self._rows("organisation", of, "not is_deleted", {})]

    def _rows(
        self, connector: str, stream: Stream, where: str, values: dict[str, object]
    ) -> list[tuple[dict[str, Any], str]]:
        """The rows of all loads: who was known under another name before is that person too."""
        parts = self.landing.parts(connector, stream.name)
        if not parts:
            return []
        rows = self.db.execute(
            f"select distinct record, record_id from read_parquet($parts) where {where} "
            "order by all",
            {**values, "parts": [str(part) for part in parts]},
        ).fetchall()
        return [(json.loads(record), record_id) for record, record_id in rows]


def _keys(
    connector: str, stream: Stream, records: Sequence[dict[str, Any]]
) -> set[tuple[str, str, str]]:
    """The ids of records by which other records of the connector refer to them."""
    types = {each.name: each for each in stream.fields}
    return {
        (connector, name, str(record[name]))
        for record in records
        for name in stream.key
        if name.endswith("_id") and not types[name].personal and record.get(name)
    }


def _slug(name: str) -> str:
    """The person id that dbt makes of a name in org_chart (macro `slug`)."""
    return f"person/{name.strip().lower().replace(' ', '-')}"
