"""Where in a file the headings are, which rows are totals, and which columns are months."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.core.files.layout import read_top_of
from connectors.core.files.months import is_month_without_year, read_month, short_year
from connectors.core.files.table import Cell, cell_text
from connectors.core.inspection.evidence import Evidence
from connectors.core.recognise import folded

LOOKED_AT = 40
_TOTALS = (
    "totaal", "totalen", "eindtotaal", "subtotaal", "total", "totals", "grand total", "subtotal",
    "saldo", "eindsaldo", "balance", "som", "sum",
)  # fmt: skip

Rows = Sequence[tuple[int, Sequence[Cell]]]


@dataclass(frozen=True)
class Shape:
    """title_rows, heading_rows: as in a mapping. heading_row: the number of the row the headings
    end on. upper, lower: with two rows of headings, else upper is empty."""

    title_rows: int
    heading_rows: int
    heading_row: int
    headings: list[str]
    upper: list[str]
    lower: list[str]

    @property
    def groups(self) -> list[str]:
        """The headings that may name months, column by column."""
        return self.upper or self.headings


def shape_of(rows: Rows, known: frozenset[str]) -> Shape:
    """rows: the first of a file, at least one. known: headings of any stream, folded."""
    usual = _usual_width(rows)
    at = max(
        (index for index, (_, cells) in enumerate(rows) if _may_be_headings(cells, usual)),
        key=lambda index: (_known(rows[index][1], known), -index),
        default=0,
    )
    two = at + 1 < len(rows) and _stands_over(rows[at][1], rows[at + 1][1])
    if not two and at > 0 and _stands_over(rows[at - 1][1], rows[at][1]):
        at, two = at - 1, True
    heading_rows = 2 if two else 1
    top = read_top_of([cells for _, cells in rows[at : at + heading_rows]])
    return Shape(at, heading_rows, rows[at + heading_rows - 1][0], *top)


def _usual_width(rows: Rows) -> int:
    widths = Counter(sum(1 for c in cells if _text(c)) for _, cells in rows)
    return max(widths, key=lambda width: (widths[width], width))


def _text(cell: Cell) -> str:
    return (cell_text(cell) or "").strip()


def _may_be_headings(cells: Sequence[Cell], usual: int) -> bool:
    texts = [cell for cell in cells if _text(cell)]
    least = max(1, min(usual, max(2, (usual + 1) // 2)))
    return len(texts) >= least and all(_is_heading(cell) for cell in texts)


def _is_heading(cell: Cell) -> bool:
    text = _text(cell)
    if month_of(text):
        return True
    if isinstance(cell, dt.date):
        return False
    looked = Evidence("")
    looked.see(0, cell)
    return not (looked.is_numeric or looked.is_date)


def month_of(text: str) -> bool:
    """Whether a heading names a month, in any way."""
    return bool(read_month(text) or short_year(text) or is_month_without_year(text))


def _known(cells: Sequence[Cell], known: frozenset[str]) -> int:
    return sum(folded(_text(cell)) in known for cell in cells)


def _stands_over(upper: Sequence[Cell], lower: Sequence[Cell]) -> bool:
    """Whether a row is the upper one of two rows of headings: months with the same few headings
    below each of them."""
    months = [index for index, cell in enumerate(upper) if month_of(_text(cell))]
    if len(months) < 2 or not all(_is_heading(cell) for cell in lower if _text(cell)):
        return False
    below = [_text(cell) for cell in lower[months[0] :] if _text(cell)]
    return len(below) > len(set(below)) and not any(month_of(text) for text in below)


def months_across(shape: Shape) -> list[int]:
    """The columns that are a month, where there are at least two."""
    found = [i for i, heading in enumerate(shape.groups) if month_of(heading)]
    return found if len({shape.groups[i] for i in found}) >= 2 else []


def total_word(cells: Sequence[Cell], usual: float) -> str | None:
    """The text for `total_rows` that a row of totals has in its first cell with a value: the text
    itself, or its first word and `*` where it goes on and the row has fewer values than others."""
    texts = [text for cell in cells if (text := _text(cell))]
    if not texts:
        return None
    said = texts[0].rstrip(": ").casefold()
    if said in _TOTALS:
        return texts[0].rstrip(": ")
    first = said.split(" ")[0].rstrip(":")
    if first in _TOTALS and len(texts) < usual:
        return f"{texts[0].split(' ')[0].rstrip(':')} *"
    return None
