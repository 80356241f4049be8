"""From a row of an export file to the canonical texts of a stream's fields, or to the reason why
it cannot be landed.

Nothing personal comes out of here in a reason: a rejected row is kept without its personal cells,
and a row whose columns have slipped without any of its cells.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.core.contract import Field, FileFormat
from connectors.core.files import Cell, CellError, CellReader, Row, cell_reader, cell_text
from connectors.core.mapping import StreamMapping
from connectors.core.privacy import mask
from connectors.core.recognise import Recognised


@dataclass(frozen=True)
class Rejected:
    """Why a row cannot be landed. `field` and `value` are of the first cell that is wrong; `value`
    is None for a personal field. `record` is JSON of the declared, non-personal cells as they
    are, or None where the columns do not match the headings."""

    field: str | None
    value: str | None
    reason: str
    record: str | None


@dataclass(frozen=True)
class _Column:
    index: int
    at: int
    field: Field
    read: CellReader
    values: dict[str, str]


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, recognised: Recognised, fmt: FileFormat, said: StreamMapping) -> None:
        fields = recognised.stream.fields
        fixed = recognised.fixed
        self._start = [fixed.get(each.name) for each in fields]
        self._columns = [
            _Column(index, at, field, cell_reader(field.type, fmt), said.values.get(field.name, {}))
            for at, (field, index) in enumerate(zip(fields, recognised.columns, strict=True))
            if index is not None
        ]

    def read(self, row: Row) -> list[str | None] | Rejected:
        """The canonical texts in the order of the stream's fields, None where there is none."""
        if row.problem is not None:
            return Rejected(None, None, mask(row.problem), None)
        texts = self._start.copy()
        cells = row.cells
        for column in self._columns:
            cell = cells[column.index]
            if column.values:
                shown = (cell_text(cell) or "").strip()
                cell = column.values.get(shown, cell)
            try:
                text = column.read(cell)
            except CellError:
                return self._rejected(row)
            if text is None and column.field.required:
                return self._rejected(row)
            texts[column.at] = text
        return texts

    def _rejected(self, row: Row) -> Rejected:
        """Looks at all cells again: a person wants to mend them in one go."""
        wrong: list[tuple[_Column, str]] = []
        for column in self._columns:
            cell = row.cells[column.index]
            shown = (cell_text(cell) or "").strip()
            try:
                text = column.read(column.values.get(shown, cell))
            except CellError as error:
                # The text of the error quotes the value.
                told = "cannot be read" if column.field.personal else error.reason
                wrong.append((column, f"{column.field.name}: {told}"))
            else:
                if text is None and column.field.required:
                    wrong.append((column, f"{column.field.name}: is empty, and is required"))
        first = wrong[0][0]
        value = None if first.field.personal else cell_text(row.cells[first.index])
        return Rejected(
            first.field.name,
            None if value is None else _short(value),
            mask("; ".join(reason for _, reason in wrong)),
            self._record(row.cells),
        )

    def _record(self, cells: Sequence[Cell]) -> str:
        shown = {}
        for column in self._columns:
            if not column.field.personal:
                text = cell_text(cells[column.index])
                shown[column.field.name] = None if text is None else _short(text)
        return json.dumps(shown, ensure_ascii=False)


def _short(text: str, longest: int = 1_000) -> str:
    return mask(text[:longest])
