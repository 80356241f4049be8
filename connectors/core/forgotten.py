"""People who asked to be forgotten, so that the landing does not take them in again.

`landing/.forgotten.json` holds keyed hashes only: who has the file without the key learns nothing
from it, and who has both can only ask of a value that they know already whether it was forgotten.

- A contact: a row of which a personal field is theirs, or whose id was theirs, is left out.
- An employee: a field that names them gets an alias in its place, so that the work of their team
  stays the work of their team. Aliases were drawn at random: nothing leads back from one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core.contract import Field, Stream
from connectors.core.durable import make_folder, sync
from connectors.core.errors import LandingDamagedError
from connectors.core.privacy import Pseudonyms, rehashed

FILE_NAME = ".forgotten.json"
PREFIX = "koers-erased-"
"""How every alias begins. dbt knows it too (macro `is_erased`)."""

EMPLOYEE_FIELDS = frozenset(
    {
        "cost_centre", "employee", "name", "owner", "owner_id", "person", "person_id", "profile",
        "sender", "source_user", "users",
    }
)  # fmt: skip
"""Fields that say who did the work, or whose account it is; an id is looked for in these only,
since the number of a user may well be the number of a deal."""
ANYWHERE = "*"
_REMEMBERED = 100_000


@dataclass(frozen=True)
class Forgotten:
    """The list. contacts: hashes of pseudonyms, with the place of their key in the chain, since
    after a rotation only the later pseudonym of a person may be known. records: of connector,
    stream and record id.
    employees: by the hash of `connector.value`, or of `*.value` where the value is theirs in any
    field (an e-mail address, a name): the alias."""

    pseudonyms: Pseudonyms
    contacts: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    employees: Mapping[str, str] = field(default_factory=dict)
    _seen: dict[tuple[str, str], str | None] = field(default_factory=dict, repr=False)

    def hash_of(self, *parts: str) -> str:
        """The keyed hash of what the parts say together."""
        return self.pseudonyms.of("forgotten|" + "|".join(parts))

    def is_contact(self, value: str | None) -> bool:
        """Of a personal field, as the source gives it."""
        return value is not None and any(
            self.hash_of("contact", str(place), each) in self.contacts
            for place, each in enumerate(self.pseudonyms.stages(value))
        )

    def is_record(self, connector: str, stream: str, record_id: str) -> bool:
        return self.hash_of("record", connector, stream, record_id) in self.records

    def alias(self, connector: str, name: str, value: str | None) -> str | None:
        """What stands in the place of a value of a field; None where it may stay."""
        if not value or not self.employees:
            return None
        scope = connector if name in EMPLOYEE_FIELDS or connector == "organisation" else ANYWHERE
        key = (scope, value)
        if key not in self._seen:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            found = self.employees.get(self.hash_of("employee", ANYWHERE, value))
            if found is None and scope != ANYWHERE:
                found = self.employees.get(self.hash_of("employee", scope, value))
            self._seen[key] = found
        return self._seen[key]

    def renamed(
        self, connector: str, fields: Sequence[Field], columns: Sequence[Sequence[str | None]]
    ) -> list[Sequence[str | None]]:
        """The columns of a stream with aliases for forgotten employees."""
        if not self.employees:
            return list(columns)
        done: list[Sequence[str | None]] = []
        for each, column in zip(fields, columns, strict=True):
            if each.type != "text" or each.personal:
                done.append(column)
                continue
            aliases = [self.alias(connector, each.name, value) for value in column]
            changed = any(alias is not None for alias in aliases)
            done.append(
                [a if a is not None else v for a, v in zip(aliases, column, strict=True)]
                if changed
                else column
            )
        return done

    def left_out(
        self,
        connector: str,
        stream: Stream,
        columns: Sequence[Sequence[str | None]],
        record_ids: Iterable[str],
    ) -> list[bool]:
        """By row, whether it is of a forgotten contact. columns: as the source gives them."""
        ids = list(record_ids)
        out = [False] * len(ids)
        if self.contacts:
            for each, column in zip(stream.fields, columns, strict=True):
                if each.personal:
                    out = [o or self.is_contact(v) for o, v in zip(out, column, strict=True)]
        if self.records:
            out = [
                o or self.is_record(connector, stream.name, i)
                for o, i in zip(out, ids, strict=True)
            ]
        return out

    def with_more(
        self,
        *,
        contacts: Iterable[str] = (),
        records: Iterable[tuple[str, str, str]] = (),
        employees: Mapping[tuple[str, str], str] | None = None,
    ) -> Forgotten:
        """With other people on it. contacts: pseudonyms. records: connector, stream, record_id.
        employees: the alias by connector (or `*`) and value."""
        place = str(len(self.pseudonyms.later))
        more = {
            self.hash_of("employee", scope, value): alias
            for (scope, value), alias in (employees or {}).items()
        }
        return Forgotten(
            self.pseudonyms,
            self.contacts | {self.hash_of("contact", place, each) for each in contacts},
            self.records | {self.hash_of("record", *each) for each in records},
            {**self.employees, **more},
        )

    def rotated(self, key: bytes) -> Forgotten:
        """The same list under a chain with one more key."""
        return Forgotten(
            self.pseudonyms.followed_by(key),
            frozenset(rehashed(each, key) for each in self.contacts),
            frozenset(rehashed(each, key) for each in self.records),
            {rehashed(each, key): alias for each, alias in self.employees.items()},
        )

    def write(self, root: Path) -> None:
        """Put the list in its place in a landing, durably."""
        make_folder(root)
        file = root / FILE_NAME
        new = file.with_name(f"{FILE_NAME}.new")
        content = {
            "key_id": self.pseudonyms.key_id,
            "contacts": sorted(self.contacts),
            "records": sorted(self.records),
            "employees": dict(sorted(self.employees.items())),
        }
        new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        new.chmod(0o600)
        sync(new)
        os.replace(new, file)  # noqa: PTH105 - says that it replaces
        sync(root)

    def __len__(self) -> int:
        return len(self.contacts) + len(self.records) + len(self.employees)


def key_id_of(root: Path) -> str | None:
    """The id of the key of a landing's list; None where nobody was forgotten. Raises
    LandingDamagedError."""
    content = _read(root / FILE_NAME)
    return None if content is None else str(content["key_id"])


def read_forgotten(root: Path, pseudonyms: Pseudonyms) -> Forgotten:
    """The list of a landing. Raises LandingDamagedError, since without it people who were forgotten
    would come back."""
    content = _read(root / FILE_NAME)
    if content is None:
        return Forgotten(pseudonyms)
    if content["key_id"] != pseudonyms.key_id:
        raise LandingDamagedError(
            f"{root / FILE_NAME} was made with pseudonym key {content['key_id']}, and this is key "
            f"{pseudonyms.key_id}. If the key was being replaced, run `koers privacy rotate-key` "
            "again; else put the first key back."
        )
    return Forgotten(
        pseudonyms,
        frozenset(content["contacts"]),
        frozenset(content["records"]),
        dict(content["employees"]),
    )


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if not {"key_id", "contacts", "records", "employees"} <= set(content):
            raise ValueError("it is not whole")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LandingDamagedError(
            f"{file} cannot be read ({error}). It says who is not to be taken in again: restore it "
            "from a backup."
        ) from error
    else:
        return dict(content)
