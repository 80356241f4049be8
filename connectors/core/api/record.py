"""From a record of an API to the canonical texts of a stream's fields.

Landing takes what the source gave: a value of another type than declared is landed as its text, and
staging, which casts, says what is wrong with it. Only what identifies a record must be there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping

from connectors.core.api.messages import Json, at
from connectors.core.contract import Stream

_UTC = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?Z)?")
_is_utc = _UTC.fullmatch
_WHOLE = re.compile(r"-?\d+\.0+")
_EPOCH_MILLISECONDS = re.compile(r"-?\d{11,14}")

Text = Callable[[Json], str | None]


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
    text = value or None if type(value) is str else text_of(value)
    if text is not None and _WHOLE.fullmatch(text):
        return text.partition(".")[0]
    return text


def moment_of(value: Json) -> str | None:
    """A moment as `YYYY-MM-DDTHH:MM:SS[.fff]Z`, in one spelling, from ISO 8601 with any offset, or
    milliseconds since 1970; a date stays a date. What is none of these stays its text."""
    # Nearly every moment is spelled so; another text of this shape stays as it is anyway.
    if type(value) is str and len(value) == 24 and value[10] == "T" and value[23] == "Z":
        return value[:19] + "Z" if value[19:23] == ".000" else value
    text = value or None if type(value) is str else text_of(value)
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


_TEXTS: Mapping[str, Text] = {"datetime": moment_of, "integer": whole_of, "score": whole_of}


class RecordReader:
    """Reads the records of one stream.

    names: what stands for `{name}` in the paths of fields: the account's own property names.
    """

    def __init__(self, stream: Stream, names: Mapping[str, str]) -> None:
        # By the object they stand in, so that each is looked up once for a record.
        groups: dict[str, list[tuple[int, str, Text]]] = {}
        for index, field in enumerate(stream.fields):
            parent, _, name = field.path.format_map(names).rpartition(".")
            if name:
                text = _TEXTS.get(field.type, text_of)
                groups.setdefault(parent, []).append((index, name, text))
        self._groups = list(groups.items())
        self._width = len(stream.fields)
        fields = [field.name for field in stream.fields]
        self._key = [(fields.index(name), name) for name in stream.key]

    def read(self, record: Json) -> list[str | None]:
        """The texts in the order of the stream's fields. Raises ValueError, saying what is missing,
        for a record that nothing identifies."""
        if not isinstance(record, dict):
            raise ValueError("is no object")
        texts: list[str | None] = [None] * self._width
        for parent, members in self._groups:
            found = at(record, parent) if parent else record
            if isinstance(found, dict):
                for index, name, text in members:
                    value = found.get(name)
                    # Most values are texts that stay as they are.
                    if type(value) is str and text is text_of:
                        texts[index] = value or None
                    elif value is not None:
                        texts[index] = text(value)
        for index, name in self._key:
            if texts[index] is None:
                raise ValueError(f"{name}: is missing, and identifies the record")
        return texts
