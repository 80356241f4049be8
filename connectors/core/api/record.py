"""From the records of an API to the canonical texts of a stream's fields, a page at a time and a
field at a time, since that takes half the time of record by record.

Landing takes what the source gave: a value of another type than declared is landed as its text, and
staging, which casts, says what is wrong with it. Only what identifies a record must be there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.core.api.messages import Json, at
from connectors.core.contract import Stream

_UTC = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?Z)?")
_is_utc = _UTC.fullmatch
_WHOLE = re.compile(r"-?\d+\.0+")
_EPOCH_MILLISECONDS = re.compile(r"-?\d{11,14}")

Texts = list[str | None]


def text_of(value: Json) -> str | None:
    """The text of a JSON value; None for null and for an empty text."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def whole_of(value: Json) -> str | None:
    """A whole number that JSON spells with a fraction of zeros (`1840.0`) as `1840`; any other
    value is its text."""
    text = text_of(value)
    if text is not None and _WHOLE.fullmatch(text):
        return text.partition(".")[0]
    return text


def texts_of(values: Sequence[Json]) -> Texts:
    """`text_of` each."""
    # Most values are texts that stay as they are.
    return [(v or None) if type(v) is str else text_of(v) for v in values]


def wholes_of(values: Sequence[Json]) -> Texts:
    """`whole_of` each."""
    return [whole_of(v) for v in values]


def moment_of(value: Json) -> str | None:
    """A moment as `YYYY-MM-DDTHH:MM:SS[.fff]Z`, in one spelling, from ISO 8601 with any offset, or
    milliseconds since 1970; a date stays a date. What is none of these stays its text."""
    text = text_of(value)
    if text is None:
        return None
    if _is_utc(text):
        return text[:-5] + "Z" if text.endswith(".000Z") else text
    try:
        if _EPOCH_MILLISECONDS.fullmatch(text):
            moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(text))
        else:
            moment = dt.datetime.fromisoformat(text)
            if moment.tzinfo is None:
                return text
    except (ValueError, OverflowError):
        return text
    shown = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return shown.isoformat(timespec="milliseconds" if shown.microsecond else "seconds") + "Z"


def moments_of(values: Sequence[Json]) -> Texts:
    """`moment_of` each."""
    # Nearly every moment is spelled with milliseconds and a Z; another text of that shape would
    # stay as it is anyway.
    return [
        None
        if v is None
        else (v[:19] + "Z" if v[19:23] == ".000" else v)
        if type(v) is str and len(v) == 24 and v[10] == "T" and v[23] == "Z"
        else moment_of(v)
        for v in values
    ]


_TEXTS: Mapping[str, Callable[[Sequence[Json]], Texts]] = {
    "datetime": moments_of,
    "integer": wholes_of,
    "score": wholes_of,
}


@dataclass(frozen=True)
class Read:
    """What was read of some records.

    columns: for each field of the stream the texts of the records that were good. kept: the places
    of those among the records. problems: the place of each other one, and what is wrong with it.
    """

    columns: list[Texts]
    kept: Sequence[int]
    problems: list[tuple[int, str]]


class RecordReader:
    """Reads the records of one stream.

    names: what stands for `{name}` in the paths of fields: the account's own property names.
    """

    def __init__(self, stream: Stream, names: Mapping[str, str]) -> None:
        # By the object they stand in, so that each is looked up once for a record.
        groups: dict[str, list[tuple[int, str, Callable[[Sequence[Json]], Texts]]]] = {}
        for index, field in enumerate(stream.fields):
            parent, _, name = field.path.format_map(names).rpartition(".")
            if name:
                texts = _TEXTS.get(field.type, texts_of)
                groups.setdefault(parent, []).append((index, name, texts))
        self._groups = list(groups.items())
        self._width = len(stream.fields)
        fields = [field.name for field in stream.fields]
        # A part of a key that is not required may be empty: visits that no campaign brought.
        required = {field.name for field in stream.fields if field.required}
        needed = [name for name in stream.key if name in required] or stream.key
        self._key = [(fields.index(name), name) for name in needed]

    def read(self, records: Sequence[Json]) -> Read:
        """The texts of the records. A record that nothing identifies is left out, and told."""
        problems: list[tuple[int, str]] = []
        kept: Sequence[int] = range(len(records))
        if not all(type(record) is dict for record in records):
            problems = [(at, "is no object") for at in kept if type(records[at]) is not dict]
            kept = [at for at in kept if type(records[at]) is dict]
            records = [records[at] for at in kept]
        columns = self._columns(records)
        missing: dict[int, str] = {}
        for index, name in self._key:
            if None in columns[index]:
                for at, text in enumerate(columns[index]):
                    if text is None:
                        missing.setdefault(at, f"{name}: is missing, and identifies the record")
        if missing:
            problems += [(kept[at], reason) for at, reason in missing.items()]
            good = [at for at in range(len(records)) if at not in missing]
            columns = [[column[at] for at in good] for column in columns]
            kept = [kept[at] for at in good]
        return Read(columns, kept, problems)

    def _columns(self, records: Sequence[Json]) -> list[Texts]:
        columns: list[Texts] = [[]] * self._width
        for parent, members in self._groups:
            objects = records
            if parent:
                found = (at(record, parent) for record in records)
                objects = [each if type(each) is dict else _NOTHING for each in found]
            for index, name, texts in members:
                columns[index] = texts([each.get(name) for each in objects])
        empty: Texts = [None] * len(records)
        return [column if column else empty for column in columns]


_NOTHING: dict[str, Json] = {}
