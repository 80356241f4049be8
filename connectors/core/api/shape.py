"""Which of the fields that a stream declares the records of a load really have.

A vendor that renames a field, or that no longer gives it to these credentials, sends records that
are whole in every other way: without a look at all of them together the field would be empty from
that day on, and the KPIs of it with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from connectors.core.api.messages import Json
from connectors.core.contract import Field, Stream
from connectors.core.guard import SHAPES

_FITS = {kind: re.compile(shape).fullmatch for kind, shape in SHAPES.items()}


class Shape:
    """Looks at the records of one load, page by page. names: see `RecordReader`."""

    def __init__(self, stream: Stream, names: Mapping[str, str]) -> None:
        self.records = 0
        # Until a record has it, or it has become clear that records may lack it.
        self._sought: dict[int, tuple[Field, Sequence[str]]] = {}
        for index, field in enumerate(stream.fields):
            path = field.path.format_map(names)
            # A record without its key is rejected, one by one.
            if path.rpartition(".")[2] and field.name not in stream.key:
                self._sought[index] = (field, path.split("."))
        self._of_another_kind: set[int] = set()
        self._given: set[int] = set()

    def see(self, columns: Sequence[Sequence[str | None]], records: Sequence[Json]) -> None:
        """Look at records that are not deleted, and at the texts of their fields."""
        self.records += len(records)
        for index, (field, path) in list(self._sought.items()):
            values = [text for text in columns[index] if text is not None]
            if any(_FITS[field.type](text) for text in values):
                del self._sought[index]
            elif values:
                self._of_another_kind.add(index)
            elif index not in self._given and any(_is_given(each, path) for each in records):
                self._given.add(index)

    @property
    def lacking(self) -> list[Field]:
        """The fields that no record so far has, or that only have values of another type. Where
        the name is there and the value is null, the vendor says that there is none."""
        return [
            field
            for index, (field, _) in self._sought.items()
            if index in self._of_another_kind or index not in self._given
        ]


def _is_given(record: Json, path: Sequence[str]) -> bool:
    """Whether a record says what stands there, be it that there is nothing."""
    found = record
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
        if found is None:
            return True
    return True
