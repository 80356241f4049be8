"""From a record of an API to the canonical texts of a stream's fields.

Landing takes what the source gave: a value of another type than declared is landed as its text, and
staging, which casts, says what is wrong with it. Only what identifies a record must be there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence

from connectors.core.api.messages import Json, at
from connectors.core.contract import Stream

_UTC = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?Z)?")
_EPOCH_MILLISECONDS = re.compile(r"-?\d{11,14}")

Get = Callable[[Json], Json]


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


def moment_of(value: Json) -> str | None:
    """A moment as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, from ISO 8601 with any offset, or milliseconds
    since 1970; a date stays a date. What is none of these stays its text."""
    text = text_of(value)
    if text is None or _UTC.fullmatch(text):
        return text
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


class RecordReader:
    """Reads the records of one stream.

    names: what stands for `{name}` in the paths of fields: the account's own property names.
    """

    def __init__(self, stream: Stream, names: Mapping[str, str]) -> None:
        self._getters = [
            (
                _getter(field.path.format_map(names)),
                moment_of if field.type == "datetime" else text_of,
            )
            for field in stream.fields
        ]
        fields = [field.name for field in stream.fields]
        self._key_at = [fields.index(name) for name in stream.key]
        self._key = stream.key

    def read(self, record: Json) -> list[str | None]:
        """The texts in the order of the stream's fields. Raises ValueError, saying what is missing,
        for a record that nothing identifies."""
        if not isinstance(record, dict):
            raise ValueError("is no object")
        texts = [as_text(get(record)) for get, as_text in self._getters]
        for index, name in zip(self._key_at, self._key, strict=True):
            if texts[index] is None:
                raise ValueError(f"{name}: is missing, and identifies the record")
        return texts


def _getter(path: str) -> Get:
    if not path:
        return lambda record: None
    if "." not in path:
        return lambda record: record.get(path)
    first, _, rest = path.partition(".")
    if "." not in rest:

        def of_two(record: Json) -> Json:
            inner = record.get(first)
            return inner.get(rest) if isinstance(inner, dict) else None

        return of_two
    return lambda record: at(record, path)


def paths(stream: Stream, under: str, names: Mapping[str, str]) -> list[str]:
    """The names under a dotted path that the stream's fields ask for: `amount`, ... of
    `properties.amount`."""
    found = [field.path.format_map(names) for field in stream.fields]
    return sorted({path.removeprefix(under) for path in found if path.startswith(under)})


def sorted_fields(stream: Stream) -> Sequence[str]:
    """The names of a stream's fields that its API gives."""
    return [field.name for field in stream.fields if field.path]
