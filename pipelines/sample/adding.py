"""Adds up figures at a unit and all above it, in the month of a day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import Any

from pipelines.sample.company import Company, Places
from pipelines.sample.days import month_end

Key = tuple[str, str, dt.date]
Figures = dict[Key, list[Decimal]]
"""(kpi, unit, first day of the month): [numerator, denominator]; the denominator of what is no
ratio stays zero."""

Where = str | Places | None
"""A team, teams with a part of the work in each, or nobody's."""


class Adding:
    """`figures` are the sums; `of` the months that count."""

    def __init__(self, firm: Company, of: list[dt.date]) -> None:
        self.firm, self.months = firm, of
        self.figures: Figures = defaultdict(lambda: [Decimal(0), Decimal(0)])
        self._things: defaultdict[Key, tuple[set[Hashable], set[Hashable]]] = defaultdict(
            lambda: (set(), set())
        )

    def add(self, kpi: str, where: Where, day: dt.date, n: Any, d: Any = 0) -> None:
        """A numerator and denominator, split over the teams of a person who works in two."""
        for team, part in _places(where):
            self.add_at(kpi, self.firm.above(team, day), day, n * part, d * part)

    def add_at(self, kpi: str, units: Iterable[str], day: dt.date, n: Any, d: Any = 0) -> None:
        month = day.replace(day=1)
        if month in self.months:
            for unit in units:
                sums = self.figures[kpi, unit, month]
                sums[0] += n
                sums[1] += d

    def count(
        self, kpi: str, where: Where, day: dt.date, thing: Hashable, *, below: bool = False
    ) -> None:
        """A thing of which different ones are counted, in the numerator or (`below`) the
        denominator; whoever works in two teams is one of either."""
        month = day.replace(day=1)
        if month in self.months:
            for team, _ in _places(where):
                for unit in self.firm.above(team, day):
                    self._things[kpi, unit, month][below].add(thing)

    def counted(self) -> None:
        """Write how many different things there were, once all have been counted."""
        for key, (above, below) in self._things.items():
            self.figures[key][0] += len(above)
            self.figures[key][1] += len(below)

    def open_at_month_end(
        self,
        kpi: str,
        first: dt.date,
        until: dt.date | None,
        where: Callable[[dt.date], Where],
        n: Any,
        d: Any = 0,
    ) -> None:
        """What lasts from `first` to the day before `until` counts in every month at whose end it
        lasts, at whoever it then belongs to."""
        for month in self.months:
            day = month_end(month)
            if first <= day and (until is None or day < until):
                self.add(kpi, where(day), day, n, d)


def _places(where: Where) -> tuple[tuple[str | None, Decimal], ...]:
    if isinstance(where, tuple) and where:
        return where
    return ((where if isinstance(where, str) else None, Decimal(1)),)
