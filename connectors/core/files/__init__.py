"""Reads the export files of any tool, strictly: what a file means is declared, never guessed.

    check_format(fmt)                                # a wrong declaration: ValueError, early
    for member in unpack(path, work_folder):         # a zip's files, or the file itself
        with open_table(member.path, fmt) as table:  # CSV, TXT, TSV, XLSX, JSON
            table.headings
            for row in table:                        # Row(number, cells, problem)
                parse_cell(row.cells[0], "decimal", fmt)
            # or, in a fraction of the time: for rows in table.blocks()

- `open_table` raises `FileRefused` for what cannot be read as a whole. Most of it shows on opening;
  a quote that never closes, or a damaged sheet, only while iterating: land nothing before the end.
- `Row.problem` is why a row cannot be read; otherwise it has as many cells as there are headings.
- `parse_cell` gives canonical text (see `contract.Field`) or raises `CellError`. `cell_reader` is
  the same, made once for a column, and `column_reader` for many cells of text at once. `cell_text`
  shows a raw cell to people.
- Canonical numbers have no trailing zeros, so that CSV `1.234,50` and XLSX 1234.5 are one value.
- A `percent` needs a percent sign or a percent format in the workbook: 0.5 alone is refused, unless
  the format declares what a number alone means.
- A `Layout` says where the headings are, which rows are totals and which columns become rows.
- A `date` cell with a time is the calendar day in the file's time zone; a `datetime` cell without
  a time is local midnight. The hour that happens twice is its first; a skipped one is refused.
- `Member.name` is for showing and matching, never for opening. `work_folder` is the caller's to
  clear. Messages quote values, so do not keep a CellError's text for a personal field.
"""

from __future__ import annotations

from pathlib import Path

from connectors.core.contract import FileFormat
from connectors.core.files.archive import Member, unpack
from connectors.core.files.cells import (
    CellReader,
    ColumnReader,
    cell_reader,
    column_reader,
    parse_cell,
)
from connectors.core.files.delimited import open_delimited
from connectors.core.files.encodings import known_encoding
from connectors.core.files.errors import CellError, FileRefused
from connectors.core.files.json_records import open_json
from connectors.core.files.layout import PLAIN, Layout, Unpivot
from connectors.core.files.moments import date_pattern, zone_of
from connectors.core.files.table import Block, Cell, Limits, Row, Table, cell_text

__all__ = [
    "Block",
    "Cell",
    "CellError",
    "CellReader",
    "ColumnReader",
    "FileRefused",
    "Layout",
    "Limits",
    "Member",
    "Row",
    "Table",
    "Unpivot",
    "cell_reader",
    "cell_text",
    "check_format",
    "column_reader",
    "open_table",
    "parse_cell",
    "unpack",
]

_INSTEAD = {
    ".zip": "is a zip; unpack it first",
    ".xlsm": "may hold macros; save it as .xlsx",
    ".xls": "is of the old Excel kind; save it as .xlsx",
    ".xlsb": "is a binary workbook; save it as .xlsx",
    ".gz": "is a gzip archive; unpack it first",
}


def open_table(
    path: Path,
    fmt: FileFormat,
    *,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    last_line_may_be_open: bool = False,
    layout: Layout = PLAIN,
) -> Table:
    """Opens one export file, by the end of its name; use it with `with`.

    last_line_may_be_open: accept delimited text whose last line has no line end. Off, since a file
        that was cut looks just like it.
    layout: how the rows are arranged; JSON has records, so there it must be the plain one.

    Raises FileRefused, saying what is wrong, where, and what to do.
    """
    suffix = path.suffix.lower()
    try:
        check_format(fmt)
    except ValueError as error:
        raise FileRefused(path, f"its declared format is wrong: {error}") from error
    if suffix in (".csv", ".txt", ".tsv"):
        return open_delimited(path, fmt, limits, last_line_may_be_open, layout)
    if suffix == ".xlsx":
        from connectors.core.files.workbook import open_workbook  # few read one; slow to import

        return open_workbook(path, limits, layout)
    if suffix == ".json":
        if layout != PLAIN:
            raise FileRefused(path, "is JSON, which has no title, total or turned rows to declare")
        return open_json(path, limits)
    reason = _INSTEAD.get(suffix, "is not a .csv, .txt, .tsv, .xlsx or .json file")
    raise FileRefused(path, reason)


def check_format(fmt: FileFormat) -> None:
    """Raises ValueError when a declared format cannot be read with: which part, and what to write
    instead."""
    known_encoding(fmt.encoding)
    date_pattern(fmt.date)
    zone_of(fmt.time_zone)
    if fmt.decimal not in (".", ","):
        raise ValueError(f"decimal mark {fmt.decimal!r} is neither '.' nor ','")
    if len(fmt.delimiter) != 1 or fmt.delimiter in '"\r\n\0 ':
        raise ValueError(f"delimiter {fmt.delimiter!r} is not one character, such as ';' or '\\t'")
