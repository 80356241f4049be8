"""The shape every file format is read into: headings, and rows of raw cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

Cell = str | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None


class NumberText(str):
    """The literal of a number that the format itself knows as a number (XLSX, JSON): always with a
    dot, whatever decimal mark the file's text uses. A `str`, so that it can be shown as it is."""

    __slots__ = ("shown_as_percent",)
    shown_as_percent: bool

    def __new__(cls, literal: str, shown_as_percent: bool = False) -> NumberText:
        self = super().__new__(cls, literal)
        self.shown_as_percent = shown_as_percent
        return self


class BadText(str):
    """A cell that holds no value of any type: an Excel error, a nested JSON object. The text is
    what the file shows; `reason` is why no field can take it."""

    __slots__ = ("reason",)
    reason: str

    def __new__(cls, text: str, reason: str) -> BadText:
        self = super().__new__(cls, text)
        self.reason = reason
        return self


@dataclass(frozen=True)
class Limits:
    """How much of a file is read before it is taken for an attack or an accident.

    columns: most headings a file may have.
    cell_characters: longest cell; a longer one rejects its row.
    record_characters: longest row of a delimited file; a longer one is a quote that never closes.
    inflated_bytes: most that a zip (an XLSX file is one) may hold once inflated, in total.
    ratio: most times that a zip may be larger inflated than compressed, beyond the first 10 MB.
    members: most files in a zip.
    part_bytes: most that a part of a workbook may hold that is read whole (the shared texts, the
        styles): any but the sheets.
    json_bytes: largest JSON file; JSON is read whole, at some ten times its size in memory.
    json_depth: how deep JSON may nest.
    """

    columns: int = 1_000
    cell_characters: int = 1_000_000
    record_characters: int = 16_000_000
    inflated_bytes: int = 1_000_000_000
    ratio: int = 100
    members: int = 10_000
    part_bytes: int = 100_000_000
    json_bytes: int = 200_000_000
    json_depth: int = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    number: as a person sees it in the file: the line on which the row begins (delimited text,
        with a `sep=` line counted), the row of the sheet (XLSX), the place in the array (JSON,
        the first is 1).
    cells: as many as there are headings, unless `problem` is set.
    problem: why the row cannot be read (too many columns, a NUL byte, ...), or None.
    left_out: why the row is no record (a total), as the declared layout says, or None.
    """

    number: int
    cells: list[Cell]
    problem: str | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Rows one after another with which nothing is wrong; see `Row` for their numbers. columns:
    their cells, which are plain text, as a file of text has them; column by column. is_trimmed:
    whether surely no cell has white space around it."""

    numbers: Sequence[int]
    columns: list[Sequence[str]]
    is_trimmed: bool = False

    @property
    def cells(self) -> list[list[str]]:
        """Row by row."""
        return list(map(list, zip(*self.columns, strict=True)))

    def halves(self) -> tuple[Block, Block]:
        """The first half of the rows, and the rest."""
        half = len(self.numbers) // 2
        first, rest = (
            Block(self.numbers[part], [cells[part] for cells in self.columns], self.is_trimmed)
            for part in (slice(half), slice(half, None))
        )
        return first, rest

    def rows(self) -> Iterator[Row]:
        """One by one."""
        return map(Row, self.numbers, cast("list[list[Cell]]", self.cells))


BLOCK = 1_000
"""Rows of a block at most."""


class Table:
    """An open file: its headings, then its rows, once.

    headings: trimmed, runs of white space as one space; a column without a heading is `""`.
    heading_row: the number of the headings' row, or 0 for JSON, which has none.
    notes: what a person should know although nothing is refused (a sheet that is not read, empty
        rows skipped); complete when all rows have been read.
    """

    def __init__(
        self,
        path: Path,
        headings: list[str],
        heading_row: int,
        notes: list[str],
        rows: Iterator[Row],
        close: Callable[[], None],
        blocks: Iterator[Block | Row] | None = None,
    ) -> None:
        self.path = path
        self.headings = headings
        self.heading_row = heading_row
        self.notes = notes
        self._rows: Iterator[Row] | None = rows
        self._blocks = blocks
        self._close = close

    def __iter__(self) -> Iterator[Row]:
        """The rows. Raises FileRefused where the file turns out to be broken further on, and
        RuntimeError when asked a second time: a file is read once."""
        if self._rows is None:
            raise RuntimeError(f"{self.path.name} was read already; open it again")
        rows, self._rows = self._rows, None
        return rows

    def blocks(self) -> Iterator[Block | Row]:
        """The same rows, those with which nothing is wrong by the block where the format can: one
        by one they take several times as long."""
        rows = iter(self)
        return rows if self._blocks is None else self._blocks

    def changed(self, headings: list[str], rows: Iterator[Row]) -> Table:
        """The same open file with other headings and rows, which are made from its own."""
        return Table(self.path, headings, self.heading_row, self.notes, rows, self._close)

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


def cell_text(cell: Cell) -> str | None:
    """A raw cell as text, to show to people; None for an empty one."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
