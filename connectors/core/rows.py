"""From a row of an export file to the canonical texts of a stream's fields, or to the reason why
it cannot be landed.

Nothing personal comes out of here in a reason: a rejected row is kept without its personal cells,
and a row whose columns have slipped without any of its cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.core.contract import Field, FileFormat
from connectors.core.files import (
    Block,
    Cell,
    CellError,
    CellReader,
    ColumnReader,
    Row,
    cell_reader,
    cell_text,
    column_reader,
)
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


Text = str | None
SURE_AFTER = 2_000
"""Cells of a column after which is known whether they repeat."""
FEW = 16
"""Rows that are read one by one where one of them cannot be landed."""


@dataclass(frozen=True)
class _Column:
    """index: of its cells in the file; at: of its field in the stream. read: from a cell to its
    text, with what mapping.yaml says of its values. of_each: the same of many cells of text.
    is_only_trimmed: whether that is all that is done to them."""

    index: int
    at: int
    field: Field
    read: CellReader
    of_each: ColumnReader
    is_only_trimmed: bool


class _Memo(dict[str, Text]):
    """The texts of the cells of one column that were read before: most columns say the same few
    things again and again. One that does not (amounts) is read without it."""

    LARGEST = 20_000

    def __init__(self, read: CellReader, of_each: ColumnReader) -> None:
        self._read, self._without, self._asked, self._is_of_use = read, of_each, 0, True

    def __missing__(self, cell: str) -> Text:
        text = self[cell] = self._read(cell)
        return text

    def of_each(self, cells: Sequence[str]) -> list[Text]:
        """Raises CellError."""
        if not self._is_of_use:
            return self._without(cells)
        texts = list(map(self.__getitem__, cells))
        self._asked += len(cells)
        # Whether most of what was asked was known, as far as can be told yet.
        self._is_of_use = self._asked < SURE_AFTER or 2 * len(self) < self._asked
        if not self._is_of_use or len(self) > self.LARGEST:
            self.clear()
        return texts


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, recognised: Recognised, fmt: FileFormat, said: StreamMapping) -> None:
        fields = recognised.stream.fields
        fixed = recognised.fixed
        self._start = [fixed.get(each.name) for each in fields]
        self._columns = [
            _Column(
                index, at, field, *_readers(field, fmt, said), _is_only_trimmed(field, fmt, said)
            )
            for at, (field, index) in enumerate(zip(fields, recognised.columns, strict=True))
            if index is not None
        ]

    def read_blocks(self, block: Block) -> Iterator[tuple[Block, list[Sequence[Text]] | None]]:
        """The block, or parts of it, in order; each as `read_block` reads it. Of a large block only
        few rows are to be read one by one for each that cannot be landed."""
        texts = self.read_block(block)
        if texts is None and len(block.numbers) > FEW:
            for half in block.halves():
                yield from self.read_blocks(half)
        else:
            yield block, texts

    def read_block(self, block: Block) -> list[Sequence[Text]] | None:
        """The canonical texts of the rows, for each field of the stream; None where a row of them
        cannot be landed, so that they are to be read one by one. A block is read in a fraction of
        the time that its rows take."""
        number = len(block.numbers)
        texts: list[Sequence[Text]] = [[said] * number for said in self._start]
        try:
            for column in self._columns:
                cells = block.columns[column.index]
                found: Sequence[Text] = cells
                if not (block.is_trimmed and column.is_only_trimmed and all(cells)):
                    found = column.of_each(cells)
                # No canonical text is empty.
                if column.field.required and not all(found):
                    return None
                texts[column.at] = found
        except CellError:
            return None
        return texts

    def read(self, row: Row) -> list[str | None] | Rejected:
        """The canonical texts in the order of the stream's fields, None where there is none."""
        if row.problem is not None:
            return Rejected(None, None, mask(row.problem), None)
        texts = self._start.copy()
        cells = row.cells
        for column in self._columns:
            try:
                text = column.read(cells[column.index])
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
            try:
                text = column.read(row.cells[column.index])
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


def _readers(field: Field, fmt: FileFormat, said: StreamMapping) -> tuple[CellReader, ColumnReader]:
    plain, together = cell_reader(field.type, fmt), column_reader(field.type, fmt)
    values = said.values.get(field.name)
    if not values:
        # To look a text up takes as long as to trim it.
        of_each = together if field.type == "text" else _Memo(plain, together).of_each
        return plain, of_each

    def read(cell: Cell) -> Text:
        return plain(values.get((cell_text(cell) or "").strip(), cell))

    return read, _Memo(read, lambda cells: list(map(read, cells))).of_each


def _is_only_trimmed(field: Field, fmt: FileFormat, said: StreamMapping) -> bool:
    return field.type == "text" and not fmt.blanks and not said.values.get(field.name)


def _short(text: str, longest: int = 1_000) -> str:
    return mask(text[:longest])
