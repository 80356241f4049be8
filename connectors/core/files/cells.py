"""From a raw cell to the canonical text of its field's type (see `contract.Field`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import cast

from connectors.core.contract import FieldType, FileFormat
from connectors.core.files.amounts import decimal_reader, integer_reader, percent_reader
from connectors.core.files.compact import compact_reader
from connectors.core.files.errors import CellError, quoted
from connectors.core.files.moments import Moments, memoised
from connectors.core.files.quick import Text, everyday_numbers, stripped
from connectors.core.files.scores import score_reader
from connectors.core.files.serials import number_as_date
from connectors.core.files.table import BadText, Cell, NumberText, cell_text

CellReader = Callable[[Cell], Text]
ColumnReader = Callable[[Sequence[str]], list[Text]]

_TRUE = frozenset({"true", "yes", "y", "1", "ja", "j", "waar"})
_FALSE = frozenset({"false", "no", "n", "0", "nee", "onwaar"})


def parse_cell(cell: Cell, field_type: FieldType, fmt: FileFormat) -> str | None:
    """The canonical text of one cell; None when it is empty.

    Raises CellError when the value is not of that type as the format declares it, and ValueError
    when the format itself is wrong. For many rows, `cell_reader` once a column is quicker.
    """
    return cell_reader(field_type, fmt)(cell)


@lru_cache(maxsize=256)
def cell_reader(field_type: FieldType, fmt: FileFormat) -> CellReader:
    """The `parse_cell` of one column."""
    read = _reader(field_type, fmt)
    return _or_blank(read, fmt.blanks) if fmt.blanks else read


def column_reader(field_type: FieldType, fmt: FileFormat) -> ColumnReader:
    """The same for many cells of plain text at once. Raises CellError for the first that is
    wrong."""
    read = cell_reader(field_type, fmt)

    def one_by_one(cells: Sequence[str]) -> list[Text]:
        return list(map(read, cells))

    if fmt.blanks or (fmt.compact and field_type != "text"):
        return one_by_one
    if field_type == "text":
        return stripped
    if field_type not in ("decimal", "integer"):
        return one_by_one
    together = everyday_numbers(fmt.decimal, whole=field_type == "integer")

    def numbers(cells: Sequence[str]) -> list[Text]:
        found = together(cells)
        return one_by_one(cells) if found is None else found

    return numbers


def _reader(field_type: FieldType, fmt: FileFormat) -> CellReader:
    def number(read: Callable[[str], str]) -> Callable[[str], str]:
        return compact_reader(read, fmt.decimal) if fmt.compact else read

    match field_type:
        case "text":
            return _text
        case "decimal":
            return _of_text(number(decimal_reader(fmt.decimal)), "an amount")
        case "integer":
            return _of_text(number(integer_reader(fmt.decimal)), "a whole number")
        case "score":
            return _of_text(score_reader(fmt.decimal), "a score")
        case "percent":
            return _of_text(percent_reader(fmt.decimal, fmt.percent), "a percentage")
        case "boolean":
            return _boolean
        case "date":
            return _date_reader(Moments(fmt.date, fmt.time_zone), fmt.date_numbers)
        case "datetime":
            return _datetime_reader(Moments(fmt.date, fmt.time_zone), fmt.date_numbers)


def _or_blank(read: CellReader, blanks: tuple[str, ...]) -> CellReader:
    """The same reader, to which these words are an empty cell."""
    words = {word.strip().casefold() for word in blanks}

    def reader(cell: Cell) -> str | None:
        if type(cell) is str and cell.strip().casefold() in words:
            return None
        return read(cell)

    return reader


def _usable(text: str) -> str:
    if isinstance(text, BadText):
        raise CellError(f"{quoted(text)}: {text.reason}")
    return text


def _wrong_type(cell: Cell, kind: str) -> CellError:
    name = {bool: "a true/false value", NumberText: "a number"}.get(type(cell), "a date or time")
    return CellError(f"{quoted(cell_text(cell) or '')} is {name} in the file, not {kind}")


def _text(cell: Cell) -> str | None:
    """Text stays as it is, but for white space around it: `00123` and `1e5` are ids, not numbers.
    A number or date of a workbook becomes its plain text."""
    if type(cell) is str:
        return cell.strip() or None
    if isinstance(cell, str):
        return str(_usable(cell)).strip() or None
    if isinstance(cell, dt.datetime):
        day = cell.time() == dt.time()
        return cell.date().isoformat() if day else cell.isoformat(sep=" ", timespec="seconds")
    return cell_text(cell)


def _of_text(read: Callable[[str], str], kind: str) -> CellReader:
    def reader(cell: Cell) -> str | None:
        if type(cell) is str:
            return read(cell) if cell and not cell.isspace() else None
        if isinstance(cell, str):
            return read(_usable(cell))
        if cell is None:
            return None
        raise _wrong_type(cell, kind)

    return reader


def _boolean(cell: Cell) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise _wrong_type(cell, "true or false")
    word = _usable(cell).strip().casefold()
    if not word:
        return None
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    raise CellError(f"{quoted(cell)} is not true or false: write ja/nee, yes/no, true/false or 1/0")


def _date_reader(moments: Moments, numbers: str) -> CellReader:
    read = memoised(moments.date)

    def reader(cell: Cell) -> str | None:
        if numbers != "refused" and type(cell) in (str, NumberText):
            cell = number_as_date(cast("str", cell), numbers)
        if isinstance(cell, dt.datetime):
            return cell.date().isoformat()
        if isinstance(cell, dt.date):
            return cell.isoformat()
        return _moment_of_text(cell, read, "a date")

    return reader


def _datetime_reader(moments: Moments, numbers: str) -> CellReader:
    read = memoised(moments.datetime)

    def reader(cell: Cell) -> str | None:
        if numbers != "refused" and type(cell) in (str, NumberText):
            cell = number_as_date(cast("str", cell), numbers)
        if isinstance(cell, dt.datetime):
            return moments.local(cell)
        if isinstance(cell, dt.date):
            return moments.datetime(cell.isoformat())
        return _moment_of_text(cell, read, "a date-time")

    return reader


def _moment_of_text(cell: Cell, read: Callable[[str], str], kind: str) -> str | None:
    if type(cell) is str:
        return read(cell) if cell and not cell.isspace() else None
    if cell is None:
        return None
    if isinstance(cell, NumberText):
        raise CellError(
            f"{quoted(cell)} is a number in the file, not {kind}: "
            "format the column as a date where the file is made, or say what numbers mean there "
            "with date_numbers under format"
        )
    if not isinstance(cell, str):
        raise _wrong_type(cell, kind)
    return read(_usable(cell))
