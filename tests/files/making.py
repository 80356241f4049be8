"""Makes files for the tests of the file reader, and reads them in one call."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from connectors.core.contract import FieldType, FileFormat
from connectors.core.files import Cell, CellError, Limits, Row, open_table, parse_cell

DUTCH = FileFormat(encoding="cp1252", delimiter=";", decimal=",", date="dd-mm-yyyy")
AMERICAN = FileFormat(date="mm/dd/yyyy")
PLAIN = FileFormat()


@dataclass
class Read:
    """A whole table."""

    headings: list[str]
    heading_row: int
    rows: list[Row]
    notes: list[str]

    @property
    def cells(self) -> list[list[Cell]]:
        return [row.cells for row in self.rows if row.problem is None]

    @property
    def problems(self) -> dict[int, str]:
        return {row.number: row.problem for row in self.rows if row.problem is not None}


def read(path: Path, fmt: FileFormat = PLAIN, **options: Any) -> Read:
    with open_table(path, fmt, **options) as table:
        rows = list(table)
        return Read(table.headings, table.heading_row, rows, table.notes)


def read_bytes(folder: Path, data: bytes, fmt: FileFormat = PLAIN, **options: Any) -> Read:
    path = folder / "export.csv"
    path.write_bytes(data)
    return read(path, fmt, **options)


def value(cell: Cell, kind: FieldType, fmt: FileFormat = DUTCH) -> str | None:
    return parse_cell(cell, kind, fmt)


def is_read(cell: Cell, kind: FieldType, fmt: FileFormat) -> bool:
    """Whether a cell is read; when it is not, it must be refused in the agreed way."""
    try:
        parse_cell(cell, kind, fmt)
    except CellError:
        return False
    return True


def reason(cell: Cell, kind: FieldType, fmt: FileFormat = DUTCH) -> str:
    """Why a cell is refused; fails when it is not."""
    try:
        got = parse_cell(cell, kind, fmt)
    except CellError as error:
        return error.reason
    raise AssertionError(f"{cell!r} was read as {kind} {got!r}")


def workbook(
    path: Path, rows: list[list[Any]], change: Callable[[Any], None] | None = None
) -> Path:
    """An XLSX file with these rows; `change` gets the workbook before it is saved."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    book.save(path)
    return path


def replace_part(path: Path, part: str, edit: Callable[[str], str]) -> Path:
    """The same zip with one part edited, as another tool or an attacker would have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = edit(parts.get(part, b"").decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def with_shared_strings(path: Path) -> Path:
    """A heading `a` and a cell `b`, kept in a table of strings as spreadsheet programs do."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}" /></Types>'
    workbook(path, [["a"], ["b"]])
    for number, text in enumerate("ab"):
        inline = f't="inlineStr"><is><t>{text}</t></is>'
        shared = f't="s"><v>{number}</v>'
        replace_part(path, SHEET, lambda xml, a=inline, b=shared: xml.replace(a, b))  # type: ignore[misc]
    replace_part(path, "[Content_Types].xml", lambda xml: xml.replace("</Types>", part))
    table = f'<sst xmlns="{main}"><si><t>a</t></si><si><t>b</t></si></sst>'
    replace_part(path, "xl/sharedStrings.xml", lambda _: table)
    assert read(path).cells == [["b"]]
    return path


SHEET = "xl/worksheets/sheet1.xml"
SMALL = Limits(
    columns=10,
    cell_characters=100,
    record_characters=1_000,
    inflated_bytes=30_000_000,
    json_bytes=10_000,
    json_depth=5,
)
