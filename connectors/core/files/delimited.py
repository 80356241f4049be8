"""Delimited text (CSV, TSV): declared encoding and delimiter, strict quoting, whole last line.

A last line without a line end is refused: `2500` cut to `2` is a whole row by every other sign.
Tools that never write the last line end exist, so `last_line_may_be_open` lets a file through
whose owner says so.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import cast

from connectors.core.contract import FileFormat
from connectors.core.files.encodings import Survey, survey
from connectors.core.files.errors import FileRefused
from connectors.core.files.layout import PLAIN, Layout, arranged, read_top
from connectors.core.files.quick import columns_of, is_trimmed, plain_lines
from connectors.core.files.source import open_regular, what_it_is
from connectors.core.files.table import BLOCK, Block, Cell, Limits, Row, Table

_CHANGED = "changed while it was read; try again"
Records = Iterator[tuple[int, "list[Cell]"]]
_DELIMITERS = {";": "';'", ",": "','", "\t": "a tab", "|": "'|'"}
PIECE = 80_000
"""Characters that are looked at together, and on to the end of their last line."""
_SEP = re.compile(r"\"?sep=(.*?)\"?[\r\n]*", re.IGNORECASE)


def open_delimited(
    path: Path,
    fmt: FileFormat,
    limits: Limits,
    last_line_may_be_open: bool,
    layout: Layout = PLAIN,
) -> Table:
    """Opens a CSV or TSV file. Raises FileRefused."""
    file = open_regular(path)
    try:
        if (kind := what_it_is(file.peek(512)[:512])) is not None:
            raise FileRefused(path, f"is {kind}, not delimited text; export it as CSV or XLSX")
        found = survey(path, file, fmt.encoding, limits)
        if not found.ends_in_newline and not last_line_may_be_open:
            raise FileRefused(
                path,
                "the last line has no line end, as a file has that was cut off; export it again, "
                "or, if this tool always leaves it out, set last_line_may_be_open: true",
            )
        return _Reader(path, file, fmt.delimiter, found, limits).table(layout)
    except BaseException:
        file.close()
        raise


@contextmanager
def raw_delimited(
    path: Path, fmt: FileFormat, limits: Limits
) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The rows of a delimited file as they are, with the line each begins on: no row is a heading,
    none has too many columns. For looking at a file, not for landing it. Raises FileRefused."""
    file = open_regular(path)
    try:
        if (kind := what_it_is(file.peek(512)[:512])) is not None:
            raise FileRefused(path, f"is {kind}, not delimited text; export it as CSV or XLSX")
        found = survey(path, file, fmt.encoding, limits)
        reader = _Reader(path, file, fmt.delimiter, found, limits)
        with reader.text:
            yield reader.records()
    finally:
        file.close()


class _Reader:
    """Turns lines into rows, keeping count of the line on which each begins.

    The csv module reads lines one by one: those of `held` first, then those of the file. Whole
    pieces are only taken from the file where no line is held and no record is open.
    """

    def __init__(
        self, path: Path, file: BufferedReader, declared: str, found: Survey, limits: Limits
    ) -> None:
        self.path, self.limits, self.has_nul = path, limits, found.has_nul
        file.seek(found.start)
        # newline="": the csv module must see line ends inside quotes as they are.
        self.text = io.TextIOWrapper(file, encoding=found.encoding, errors="strict", newline="")
        self.notes: list[str] = []
        self.began = self.length = 0
        first = self.text.readline()
        sep = _SEP.fullmatch(first)
        self.held = deque([] if sep else [first])
        self.line = 1 if sep else 0
        self.blank = 0
        self.delimiter = self._one_character(sep.group(1) if sep else declared)
        # The csv module's limit is one for the whole process; records are bounded in _lines.
        csv.field_size_limit(max(csv.field_size_limit(), limits.record_characters + 1))
        self.parser = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)

    def _one_character(self, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
            raise FileRefused(self.path, f"delimiter {delimiter!r} is not one character, as ';' is")
        return delimiter

    def _lines(self) -> Iterator[str]:
        while line := self.held.popleft() if self.held else self.text.readline():
            self.line += 1
            self.length += len(line)
            if self.length > self.limits.record_characters:
                raise FileRefused(
                    self.path,
                    f"the row that begins on line {self.began} runs on for over "
                    f"{self.limits.record_characters:,} characters: a quote is never closed",
                )
            yield line

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record that is not blank, with the line on which it begins."""
        while True:
            self.began, self.length = self.line + 1, 0
            try:
                cells = next(self.parser)
            except StopIteration:
                break
            except csv.Error as error:
                raise FileRefused(self.path, self._quoting(error)) from error
            except UnicodeDecodeError as error:
                raise FileRefused(self.path, _CHANGED) from error
            if cells and (cells[0] or any(cell.strip() for cell in cells)):
                yield self.began, cells
            else:
                self.blank += 1
        if self.blank:
            self.notes.append(f"{self.blank} empty rows skipped")

    def _piece(self) -> str:
        """The next lines of the file, whole; empty at its end."""
        try:
            piece = self.text.read(PIECE)
            return piece if piece.endswith("\n") else piece + self.text.readline()
        except UnicodeDecodeError as error:
            raise FileRefused(self.path, _CHANGED) from error

    def _quoting(self, error: csv.Error) -> str:
        what = (
            "a quote is opened and never closed"
            if "end of data" in str(error)
            else f"text follows a closing quote (noticed on line {self.line})"
        )
        return (
            f"the row that begins on line {self.began}: {what}; "
            "a quote inside a value must be doubled"
        )

    def table(self, layout: Layout) -> Table:
        records = self.records()
        top = read_top(self.path, cast("Records", records), layout, self.limits)
        if top is None:
            raise FileRefused(self.path, "holds no headings, only empty rows")
        self._refuse_wrong_delimiter(cast("list[str]", top.cells))
        width = len(top.headings)
        table = Table(
            self.path,
            top.headings,
            top.number,
            self.notes,
            (self._row(number, cells, width) for number, cells in records),
            self.text.close,
            self._blocks(records, width),
        )
        return arranged(table, top, layout)

    def _refuse_wrong_delimiter(self, cells: list[str]) -> None:
        others = [d for d in _DELIMITERS if d != self.delimiter and d in cells[0]]
        if len(cells) == 1 and others:
            best = max(others, key=cells[0].count)
            written = "\\t" if best == "\t" else best
            raise FileRefused(
                self.path,
                f"only one heading is found with delimiter "
                f"{_DELIMITERS.get(self.delimiter, self.delimiter)}, but {_DELIMITERS[best]} is "
                f"seen {cells[0].count(best)} times in it; "
                f'set delimiter: "{written}" under format',
            )

    def _row(self, number: int, cells: list[str], width: int) -> Row:
        problem = None
        most = self.limits.cell_characters
        if len(cells) != width:
            kind = "too many" if len(cells) > width else "too few"
            problem = f"{kind} columns: {len(cells)} where the headings have {width}"
        elif self.length > most and any(len(cell) > most for cell in cells):
            problem = f"a cell is longer than {most:,} characters"
        elif self.has_nul and any("\0" in cell for cell in cells):
            problem = "a NUL character in it"
        return Row(number, cast("list[Cell]", cells), problem)

    def _blocks(
        self, records: Iterator[tuple[int, list[str]]], width: int
    ) -> Iterator[Block | Row]:
        """The rows as `records` gives them. The csv module reads what is not plain."""
        while self.held or (piece := self._piece()):
            if self.held:
                yield from self._of_held(records, width)
                continue
            # A row of a piece that is short enough has no cell that is too long.
            lines = plain_lines(piece) if len(piece) <= self.limits.cell_characters else None
            if lines is None:
                self.held.extend(io.StringIO(piece, newline=""))
            elif (columns := columns_of(lines, self.delimiter, width)) is not None:
                yield from self._of_columns(columns, is_trimmed(lines, self.delimiter))
            elif '"' in lines:
                self.held.extend(io.StringIO(piece, newline=""))
            else:
                yield from self._one_by_one(lines.split("\n"), width)
        for _ in records:
            raise AssertionError(f"{self.path.name} goes on after its end")

    def _of_columns(self, columns: list[Sequence[str]], trimmed: bool) -> Iterator[Block]:
        rows = len(columns[0])
        numbers = range(self.line + 1, self.line + 1 + rows)
        self.line += rows
        if rows <= BLOCK:
            yield Block(numbers, columns, trimmed)
            return
        for at in range(0, rows, BLOCK):
            some = slice(at, at + BLOCK)
            yield Block(numbers[some], [each[some] for each in columns], trimmed)

    def _one_by_one(self, lines: list[str], width: int) -> Iterator[Block | Row]:
        """Of lines among which are empty ones, or some of another width."""
        self.length = 0
        numbers: list[int] = []
        rows: list[list[str]] = []
        for line in lines:
            self.line += 1
            cells = line.split(self.delimiter)
            if not cells[0] and not any(map(str.strip, cells)):
                self.blank += 1
            elif len(cells) == width:
                numbers.append(self.line)
                rows.append(cells)
            else:
                if rows:
                    yield _block(numbers, rows)
                    numbers, rows = [], []
                yield self._row(self.line, cells, width)
        if rows:
            yield _block(numbers, rows)

    def _of_held(
        self, records: Iterator[tuple[int, list[str]]], width: int
    ) -> Iterator[Block | Row]:
        most = self.limits.cell_characters
        numbers: list[int] = []
        rows: list[list[str]] = []
        characters = 0
        for number, cells in records:
            is_plain = len(cells) == width and self.length <= most and not self.has_nul
            if is_plain:
                numbers.append(number)
                rows.append(cells)
                characters += self.length
            if rows and (not is_plain or len(rows) == BLOCK or characters > most):
                yield _block(numbers, rows)
                numbers, rows, characters = [], [], 0
            if not is_plain:
                yield self._row(number, cells, width)
            if not self.held:
                break
        if rows:
            yield _block(numbers, rows)


def _block(numbers: list[int], rows: list[list[str]]) -> Block:
    return Block(numbers, list(zip(*rows, strict=True)))
