"""XLSX: the first visible sheet, stored values only, numbers and dates by the type of the cell.

Built on openpyxl's sheet parser rather than its rows, because those drop rows that are out of
order, cut columns at a wrong `<dimension>`, and show a formula that was never calculated as empty.
"""

from __future__ import annotations

import math
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast
from xml.etree.ElementTree import ParseError  # nosec B405 - the error alone

import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from connectors.core.files.archive import BROKEN_ZIP, checked_zip
from connectors.core.files.errors import FileRefused, printable
from connectors.core.files.layout import PLAIN, Layout, arranged, read_top
from connectors.core.files.source import open_regular, what_it_is
from connectors.core.files.table import BadText, Cell, Limits, NumberText, Row, Table

# What openpyxl is seen to raise on damaged or hostile parts; defusedxml's are ValueErrors.
_BROKEN = (
    *BROKEN_ZIP, InvalidFileException, ParseError, ValueError, KeyError, TypeError,
    IndexError, AttributeError, OverflowError,
)  # fmt: skip
_LAST_ROW = 1_048_576
_BATCH = 500


def open_workbook(path: Path, limits: Limits, layout: Layout = PLAIN) -> Table:
    """Opens an XLSX file. Raises FileRefused."""
    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("defusedxml is not in effect: unset OPENPYXL_DEFUSEDXML, or install it")
    file = open_regular(path)
    try:
        start = file.peek(512)[:512]
        if not start.startswith(b"PK"):
            kind = what_it_is(start) or "something else"
            raise FileRefused(path, f"is {kind}, not an XLSX workbook; save it as .xlsx or CSV")
        _check_parts(path, checked_zip(path, file, limits), limits)
        return _Sheet(path, file, limits, layout).table()
    except BaseException:
        file.close()
        raise


@contextmanager
def raw_workbook(
    path: Path, limits: Limits
) -> Iterator[tuple[Iterator[tuple[int, list[Cell]]], str]]:
    """The rows of the first visible sheet as they are, and from which year (`1900`, `1904`) the
    workbook counts days. For looking at a file, not for landing it. Raises FileRefused."""
    file = open_regular(path)
    try:
        start = file.peek(512)[:512]
        if not start.startswith(b"PK"):
            kind = what_it_is(start) or "something else"
            raise FileRefused(path, f"is {kind}, not an XLSX workbook; save it as .xlsx or CSV")
        _check_parts(path, checked_zip(path, file, limits), limits)
        sheet = _Sheet(path, file, limits)
        sheet.merged_until = _LAST_ROW
        yield sheet.rows(), "1904" if sheet.book.epoch.year == 1904 else "1900"
        sheet.book.close()
    finally:
        file.close()


def _check_parts(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    names = [name.lower() for name in archive.namelist()]
    if any(name.endswith("vbaproject.bin") for name in names):
        raise FileRefused(path, "holds macros; save it as .xlsx without them")
    if len(set(names)) != len(names):
        raise FileRefused(path, "is no regular workbook: one of its parts is there twice")
    if "[content_types].xml" not in names:
        raise FileRefused(path, "is a zip, not an XLSX workbook")
    for entry in archive.infolist():
        is_sheet = entry.filename.lower().startswith("xl/worksheets/sheet")
        if not is_sheet and entry.file_size > limits.part_bytes:
            raise FileRefused(
                path,
                f"its part {printable(entry.filename)} holds {entry.file_size:,} bytes; at most "
                f"{limits.part_bytes:,}. Save it as CSV",
            )


class _Bounded:
    """A part of a workbook, of which no text is longer than a row may be: the parser would hold it
    in memory before anybody could look at it."""

    def __init__(self, path: Path, source: IO[bytes], limits: Limits) -> None:
        self._path, self._source, self._most = path, source, limits.record_characters
        self._since = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        at = data.find(b"<")
        self._since += len(data) if at < 0 else at
        if self._since > self._most:
            raise FileRefused(
                self._path, f"holds a text of over {self._most:,} characters; a bomb?"
            )
        if at >= 0:
            self._since = len(data) - data.rfind(b"<")
        return data


class _Parser(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's parser, which also tells a formula without a stored result."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if (
            cell["value"] is None
            and element.get("t") != "str"  # a result that is an empty text is a result
            and element.find(FORMULA_TAG) is not None
        ):
            cell["data_type"] = "uncalculated"
        return cell


class _Sheet:
    def __init__(
        self, path: Path, file: BufferedReader, limits: Limits, layout: Layout = PLAIN
    ) -> None:
        self.path, self.file, self.limits, self.layout = path, file, limits, layout
        # Up to this row cells may be merged, since the layout knows what that means there.
        self.merged_until = 0
        self.notes: list[str] = []
        self.empty = 0
        with self._trouble():
            self.book = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False
            )
            self.sheet = self._first_visible()
            self.percent_styles = _percent_styles(self.book)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """What openpyxl raises becomes a refusal; what it warns of is judged here instead."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except FileRefused:
            raise
        except _BROKEN as error:
            raise FileRefused(
                self.path, f"is a damaged workbook ({printable(str(error))}); save it anew"
            ) from error

    def _first_visible(self) -> Any:
        visible = [sheet for sheet in self.book.worksheets if sheet.sheet_state == "visible"]
        if not visible:
            raise FileRefused(self.path, "has no visible sheet")
        if others := [sheet.title for sheet in visible[1:]]:
            shown = printable(", ".join(others))
            self.notes.append(f"only sheet '{printable(visible[0].title)}' is read, not {shown}")
        return visible[0]

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Each row that is not empty, with its number."""
        return (row for batch in self._batches() for row in batch)

    def table(self) -> Table:
        rows = self.rows()
        top = read_top(self.path, rows, self.layout, self.limits)
        if top is None:
            raise FileRefused(self.path, "its first visible sheet is empty")
        data = self._rows(rows, len(top.headings))
        table = Table(self.path, top.headings, top.number, self.notes, data, self._close)
        return arranged(table, top, self.layout)

    def _close(self) -> None:
        self.book.close()
        self.file.close()

    def _batches(self) -> Iterator[list[tuple[int, list[Cell]]]]:
        # By the batch, since warnings can only be silenced while this side is running.
        with self.sheet._get_source() as source:
            rows = self._records(cast("IO[bytes]", _Bounded(self.path, source, self.limits)))
            while True:
                with self._trouble():
                    batch = list(islice(rows, _BATCH))
                if not batch:
                    return
                yield batch

    def _records(self, source: IO[bytes]) -> Iterator[tuple[int, list[Cell]]]:
        """Each row that is not empty, with its number, cut after its last value."""
        parser = _Parser(
            source,
            self.sheet._shared_strings,
            data_only=True,
            epoch=self.book.epoch,
            date_formats=self.book._date_formats,
            timedelta_formats=self.book._timedelta_formats,
        )
        last = filled = 0
        top = 0 if self.merged_until else self.layout.title_rows + self.layout.heading_rows
        for number, raw in parser.parse():
            if not last < number <= _LAST_ROW:
                raise FileRefused(self.path, f"row {number} is out of order; save it anew in Excel")
            last = number
            cells = self._cells(number, raw)
            if cells:
                filled += 1
                if filled == top:
                    self.merged_until = number if self.layout.heading_rows > 1 else number - 1
                yield number, cells
            else:
                self.empty += 1
        if merged := [ref for ref in _merged(parser) if _last_row(ref) > self.merged_until]:
            where = ", ".join(merged[:5])
            raise FileRefused(
                self.path, f"cells {where} are merged, so all but the first are empty; unmerge them"
            )
        if self.empty:
            self.notes.append(f"{self.empty} empty rows skipped")

    def _cells(self, number: int, raw: list[dict[str, Any]]) -> list[Cell]:
        cells: list[Cell] = []
        for cell in raw:
            value = self._cell(cell)
            if value is None or value == "":
                continue
            missing = cell["column"] - 1 - len(cells)
            if missing < 0:
                raise FileRefused(self.path, f"row {number}: its cells are out of order")
            cells.extend([None] * missing)
            cells.append(value)
        return cells

    def _cell(self, cell: dict[str, Any]) -> Cell:
        value, kind = cell["value"], cell["data_type"]
        if kind == "uncalculated":
            return BadText("(formula)", "never calculated; open the file in Excel and save it")
        if kind == "e":
            return BadText(str(value), "an error in the workbook")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return cast("Cell", value)
        if isinstance(value, float) and not math.isfinite(value):
            return BadText(str(value), "not a finite number")
        # repr is the shortest text that gives the same float; an int is exact.
        text = f"{Decimal(repr(value)):f}"
        text = text[:-2] if text.endswith(".0") else text
        return NumberText(text, cell["style_id"] in self.percent_styles)

    def _rows(self, rows: Iterator[tuple[int, list[Cell]]], width: int) -> Iterator[Row]:
        most = self.limits.cell_characters
        for number, cells in rows:
            problem = None
            if len(cells) > width:
                column = get_column_letter(len(cells))
                problem = f"too many columns: a value in column {column}, which has no heading"
            elif any(isinstance(c, str) and len(c) > most for c in cells):
                problem = f"a cell is longer than {most:,} characters"
            elif any(isinstance(c, str) and "\0" in c for c in cells):
                problem = "a NUL character in it"
            cells.extend([None] * (width - len(cells)))
            yield Row(number, cells, problem)


def _merged(parser: Any) -> list[str]:
    found = parser.merged_cells
    return [str(each.ref) for each in found.mergeCell] if found is not None else []


def _last_row(reference: str) -> int:
    return int(range_boundaries(reference)[3] or _LAST_ROW)


def _percent_styles(book: Any) -> frozenset[int]:
    """The cell styles that show a fraction as a percentage."""
    found = set()
    for index, style in enumerate(book._cell_styles):
        number = style.numFmtId
        custom = number - BUILTIN_FORMATS_MAX_SIZE
        if custom >= 0:
            code = book._number_formats[custom] if custom < len(book._number_formats) else ""
        else:
            code = BUILTIN_FORMATS.get(number, "")
        if "%" in re.sub(r'"[^"]*"|\\.', "", code):
            found.add(index)
    return frozenset(found)
