"""A first look at a file: its rows as they are, and what is in each column of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from statistics import median

from connectors.core.contract import FileFormat
from connectors.core.files import FileRefused, Limits, open_table
from connectors.core.files.delimited import raw_delimited
from connectors.core.files.table import Cell, cell_text
from connectors.core.files.workbook import raw_workbook
from connectors.core.inspection.encoding import delimiter_of, encoding_of, written
from connectors.core.inspection.evidence import Evidence
from connectors.core.inspection.finding import Choice
from connectors.core.inspection.shape import LOOKED_AT, Shape, shape_of, total_word

ROWS = 200_000
_TEXT = (".csv", ".txt", ".tsv")
_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?", re.IGNORECASE)


@dataclass
class Look:
    """shape: None for JSON, which has records. days_from: of a workbook. totals: rows of totals,
    as the text for `total_rows` and where. rows: how many were looked at below the headings."""

    shape: Shape | None
    headings: list[str]
    evidence: list[Evidence]
    told: list[tuple[str, str]] = field(default_factory=list)
    format: dict[str, str] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    totals: dict[str, str] = field(default_factory=dict)
    days_from: str | None = None
    rows: int = 0


def look_at(path: Path, known: frozenset[str], limits: Limits) -> Look:
    """known: the headings of any stream, folded. Raises FileRefused."""
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        return _text(path, known, limits)
    if suffix == ".xlsx":
        with raw_workbook(path, limits) as (rows, days_from):
            look = _arranged(path, rows, known)
        look.days_from = days_from
        look.told.insert(0, ("kind", "XLSX workbook: numbers and dates are typed by the file"))
        return look
    if suffix == ".json":
        with open_table(path, FileFormat(), limits=limits) as table:
            look = Look(None, table.headings, [Evidence(h) for h in table.headings])
            for row in islice(table, ROWS):
                look.rows += 1
                _see(look.evidence, row.number, row.cells)
        look.told.append(("kind", "JSON records"))
        return look
    if suffix == ".zip":
        raise FileRefused(path, "is a zip; unpack it and look at the files in it, one by one")
    # The same words as for a file in the inbox.
    with open_table(path, FileFormat(), limits=limits):
        raise FileRefused(path, "is of no kind that can be looked at")


def _text(path: Path, known: frozenset[str], limits: Limits) -> Look:
    encoding = encoding_of(path)
    delimiter, said, choice = delimiter_of(path, encoding.name, limits)
    fmt = replace(FileFormat(), encoding=encoding.name, delimiter=delimiter)
    with raw_delimited(path, fmt, limits) as rows:
        look = _arranged(path, rows, known)
    look.told[:0] = [("encoding", encoding.said), ("delimiter", said)]
    if _says_delimiter(path, encoding.name):
        look.told[1] = ("delimiter", "in its own first line (sep=)")
    elif choice is not None:
        look.choices.append(choice)
    else:
        look.format["delimiter"] = written(delimiter)
    if encoding.choice is not None:
        look.choices.append(encoding.choice)
    elif not encoding.by_mark and "ASCII" not in encoding.said:
        look.format["encoding"] = encoding.name
    if not encoding.ends_in_newline:
        means = "this tool never closes its last line; else the file was cut off: export it again"
        option = ("last_line_may_be_open: true", means)
        look.choices.append(Choice("last_line_may_be_open", "the end of the file", (option,)))
    return look


def _says_delimiter(path: Path, encoding: str) -> bool:
    with path.open("rb") as file:
        return _SEP.match(file.read(64).decode(encoding, "replace")) is not None


def _arranged(
    path: Path, rows: Iterator[tuple[int, Sequence[Cell]]], known: frozenset[str]
) -> Look:
    first = [(number, [*cells]) for number, cells in islice(rows, LOOKED_AT)]
    if not first:
        raise FileRefused(path, "holds no rows")
    shape = shape_of(first, known)
    above = shape.title_rows + shape.heading_rows
    look = Look(shape, shape.headings, [Evidence(h) for h in shape.headings])
    look.titles = [
        " ".join(filter(None, (cell_text(c) for c in cells)))
        for _, cells in first[: shape.title_rows]
    ]
    if look.titles:
        shown = "; ".join(f"'{title[:60]}'" for title in look.titles[:3])
        look.told.append(("title rows", f"{shape.title_rows} above the headings: {shown}"))
    two = ", in two rows" if shape.heading_rows == 2 else ""
    look.told.append(("headings", f"row {shape.heading_row}{two}, {len(shape.headings)} columns"))
    below = first[above:]
    usual = median(sum(1 for c in cells if cell_text(c)) for _, cells in below) if below else 0
    for number, cells in islice(chain(below, rows), ROWS):
        look.rows += 1
        if (word := total_word(cells, usual)) is not None:
            look.totals.setdefault(word, f"row {number}")
        else:
            _see(look.evidence, number, cells)
    look.told.append(("rows", f"{look.rows:,}{' or more' if look.rows == ROWS else ''}"))
    for word, where in look.totals.items():
        look.told.append(("total rows", f"{where}: '{word}'; left out and counted"))
    return look


def _see(evidence: Sequence[Evidence], number: int, cells: Sequence[Cell]) -> None:
    for column, cell in zip(evidence, cells, strict=False):
        column.see(number, cell)
