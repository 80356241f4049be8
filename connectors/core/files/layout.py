"""How the cells of a file are arranged, where its headings are not simply its first row.

    Layout(title_rows=2, heading_rows=2, total_rows=("Totaal",), unpivot=Unpivot(...))

All of it is declared in `mapping.yaml`; nothing here looks at values to find out. A row of totals
is left out and counted, never dropped in silence.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made
from pathlib import Path
from typing import Literal

from connectors.core.files.errors import FileRefused, printable
from connectors.core.files.headings import clean_headings
from connectors.core.files.months import day_of, read_month
from connectors.core.files.table import Cell, Limits, Row, Table, cell_text

BETWEEN = " / "


@dataclass(frozen=True)
class Unpivot:
    """Columns that stand beside each other, such as months, become rows under each other.

    field: the heading of what the columns' headings say (the date). value: the heading of what
        their cells say; with two rows of headings, the lower one is it.
    months: headings that name a month are turned, into its first or its last day. year: of months
        without one. columns: other headings that are turned, and the text of each.
    """

    field: str
    value: str = ""
    months: Literal["first_day", "last_day"] | None = None
    year: int | None = None
    columns: Mapping[str, str] = made(default_factory=dict)

    def text_of(self, heading: str) -> str | None:
        """What a heading becomes under `field`; None where the column is not to be turned."""
        if heading in self.columns:
            return self.columns[heading]
        month = read_month(heading, self.year) if self.months else None
        return day_of(month, last=self.months == "last_day") if month else None


@dataclass(frozen=True)
class Layout:
    """title_rows: rows above the headings, those that are empty not counted. heading_rows: 2 where
    the upper one stands over several columns; a column is then called `upper / lower`.
    total_rows: texts (`*`, `?`) in the first cell with a value of a row that is no record."""

    title_rows: int = 0
    heading_rows: int = 1
    total_rows: tuple[str, ...] = ()
    unpivot: Unpivot | None = None


PLAIN = Layout()


@dataclass(frozen=True)
class Top:
    """The headings of a file. number: the row they end on. cells: of that row, as they are.
    upper, lower: with two rows of headings, both of them, column by column."""

    number: int
    cells: Sequence[Cell]
    headings: list[str]
    upper: list[str]
    lower: list[str]


def read_top(
    path: Path, records: Iterator[tuple[int, Sequence[Cell]]], layout: Layout, limits: Limits
) -> Top | None:
    """Reads titles and headings off the records of a file; None where there are too few rows."""
    for _ in range(layout.title_rows):
        if next(records, None) is None:
            return None
    rows = [found for _ in range(layout.heading_rows) if (found := next(records, None))]
    if len(rows) < layout.heading_rows:
        return None
    number, cells = rows[-1]
    return Top(number, cells, *read_top_of([row for _, row in rows], path, limits))


def read_top_of(
    rows: Sequence[Sequence[Cell]],
    path: Path = Path(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> tuple[list[str], list[str], list[str]]:
    """The headings that one or two rows make; with two, also the upper and the lower ones."""
    above, below = (
        clean_headings(path, [cell_text(cell) or "" for cell in row], limits)
        for row in (rows[0], rows[-1])
    )
    if len(rows) == 1:
        return below, [], below
    upper, lower = _spread(above, below)
    both = [BETWEEN.join(filter(None, pair)) for pair in zip(upper, lower, strict=True)]
    return both, upper, lower


def _spread(upper: list[str], lower: list[str]) -> tuple[list[str], list[str]]:
    """A merged heading has its text in its first column only, so it goes on to the right; one with
    nothing below it is a heading of one column."""
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    spread, going = [], ""
    for top, bottom in zip(above, below, strict=True):
        going = (top or going) if bottom else ""
        spread.append(going or top)
    return spread, below


def arranged(table: Table, top: Top, layout: Layout) -> Table:
    """The table with its totals told apart and its columns turned. Raises FileRefused where the
    headings are not those that were declared."""
    if layout.total_rows:
        table = table.changed(table.headings, _without_totals(table, layout.total_rows))
    if layout.unpivot is not None:
        turned = _Turned(table, top, layout.unpivot)
        table = table.changed(turned.headings(), turned.rows())
    return table


def is_total(cells: Iterable[Cell], words: Sequence[str]) -> bool:
    """Whether the first cell with a value is one of the words, capitals and a colon aside."""
    first = next((text for c in cells if (text := (cell_text(c) or "").strip())), "")
    said = first.rstrip(": ").casefold()
    return bool(said) and any(
        fnmatch.fnmatchcase(said, word.strip().rstrip(": ").casefold()) for word in words
    )


def _without_totals(table: Table, words: Sequence[str]) -> Iterator[Row]:
    for row in table:
        # A row of totals may well have fewer columns, so this comes before what is wrong with it.
        if is_total(row.cells, words):
            yield replace(row, problem=None, left_out="a row of totals")
        else:
            yield row


class _Turned:
    """Columns as rows."""

    def __init__(self, table: Table, top: Top, how: Unpivot) -> None:
        self.table, self.how = table, how
        upper = top.upper or table.headings
        lower = top.lower if top.upper else [how.value] * len(table.headings)
        self.fixed: list[int] = []
        self.groups: dict[str, dict[str, int]] = {}
        for index, heading in enumerate(upper):
            text = how.text_of(heading)
            if text is None:
                self._refuse_month(heading)
                self.fixed.append(index)
                continue
            group = self.groups.setdefault(text, {})
            if lower[index] in group:
                raise FileRefused(
                    table.path, f"two columns are '{printable(heading)}' of {lower[index]}; "
                    "say under unpivot.columns which is which"
                )  # fmt: skip
            group[lower[index]] = index
        if not self.groups:
            raise FileRefused(
                table.path, "none of its headings is one that unpivot turns; see mapping.yaml"
            )
        self.measures = list(dict.fromkeys(name for g in self.groups.values() for name in g))

    def _refuse_month(self, heading: str) -> None:
        """A month that nobody declared would otherwise be left out as any unknown column is."""
        if read_month(heading) is not None:
            raise FileRefused(
                self.table.path,
                f"heading '{printable(heading)}' is a month that unpivot does not name; set "
                "unpivot.months, or add it under unpivot.columns",
            )

    def headings(self) -> list[str]:
        return [*(self.table.headings[i] for i in self.fixed), self.how.field, *self.measures]

    def rows(self) -> Iterator[Row]:
        empty = 0
        for row in self.table:
            if row.problem is not None or row.left_out is not None:
                yield row
                continue
            fixed = [row.cells[i] for i in self.fixed]
            given = 0
            for text, group in self.groups.items():
                cells = [row.cells[group[m]] if m in group else None for m in self.measures]
                if any((cell_text(cell) or "").strip() for cell in cells):
                    given += 1
                    yield Row(row.number, [*fixed, text, *cells])
            empty += len(self.groups) - given
            if not given:
                yield replace(row, left_out="nothing under any of the turned columns")
        if empty:
            self.table.notes.append(f"{empty:,} empty cells of turned columns give no record")
