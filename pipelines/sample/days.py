"""How busy a day is: weekday, season, holidays, growth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from dateutil.easter import easter

_WEEKDAYS = (1.0, 1.1, 1.1, 1.05, 0.75, 0.04, 0.02)
MONTH_WEIGHTS = (0.95, 1.0, 1.05, 1.0, 1.0, 1.05, 0.8, 0.75, 1.05, 1.1, 1.1, 0.85)
GROWTH_PER_YEAR = 0.12


def holidays(year: int) -> dict[dt.date, str]:
    """The Dutch public holidays on which work stands still."""
    sunday = easter(year)
    kings_day = dt.date(year, 4, 27)
    if kings_day.weekday() == 6:
        kings_day -= dt.timedelta(days=1)
    return {
        dt.date(year, 1, 1): "Nieuwjaarsdag",
        sunday + dt.timedelta(days=1): "Tweede paasdag",
        kings_day: "Koningsdag",
        sunday + dt.timedelta(days=39): "Hemelvaartsdag",
        sunday + dt.timedelta(days=50): "Tweede pinksterdag",
        dt.date(year, 12, 25): "Eerste kerstdag",
        dt.date(year, 12, 26): "Tweede kerstdag",
    }


def busyness(day: dt.date, start: dt.date) -> float:
    """Around 1 on a working day; `start` is where growth is counted from."""
    if day in holidays(day.year):
        return 0.0
    grown = 1 + GROWTH_PER_YEAR * (day - start).days / 365
    return _WEEKDAYS[day.weekday()] * MONTH_WEIGHTS[day.month - 1] * grown


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Every day from first to last."""
    for number in range((last - first).days + 1):
        yield first + dt.timedelta(days=number)


def add_months(month: dt.date, number: int) -> dt.date:
    """The first day of the month so many months later."""
    index = month.year * 12 + month.month - 1 + number
    return dt.date(index // 12, index % 12 + 1, 1)


def month_end(month: dt.date) -> dt.date:
    """The last day of the month of a day."""
    return add_months(month.replace(day=1), 1) - dt.timedelta(days=1)


def months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of the months that lie whole between first and last."""
    found, month = [], first.replace(day=1)
    while month_end(month) <= last:
        found.append(month)
        month = add_months(month, 1)
    return found
