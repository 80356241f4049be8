"""Months as people write them, in Dutch and English."""

from __future__ import annotations

import calendar
import datetime as dt
import re

_FULL = (
    "januari|january februari|february maart|march april mei|may juni|june juli|july "
    "augustus|august september oktober|october november december"
)
# The spellings that are no beginning of a full name.
_SHORT = {"mrt": 3, "sept": 9, "okt": 10, "oct": 10}

_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_WRITTEN = (
    re.compile(rf"{_NAME}(?:[\s/_.-]+(?P<year>\d{{4}}))?", re.ASCII),
    re.compile(rf"(?P<year>\d{{4}})[\s/_.-]+{_NAME}", re.ASCII),
    re.compile(r"(?P<year>\d{4})[-/](?P<number>\d{1,2})", re.ASCII),
    re.compile(r"(?P<number>\d{1,2})[-/](?P<year>\d{4})", re.ASCII),
    # What a date cell of a workbook is shown as: a month is its first day.
    re.compile(r"(?P<year>\d{4})-(?P<number>\d\d)-01(?: 00:00:00)?", re.ASCII),
)
_SHORT_YEAR = re.compile(rf"{_NAME}[\s/_.-]*'?(?P<year>\d\d)", re.ASCII)


def _names() -> dict[str, int]:
    names = dict(_SHORT)
    for number, spellings in enumerate(_FULL.split(), start=1):
        for name in spellings.split("|"):
            names[name] = names[name[:3]] = number
    return names


MONTHS = _names()


def month_number(name: str) -> int | None:
    """1 to 12 for the name of a month, in full or shortened, with a full stop or without."""
    return MONTHS.get(name.strip().rstrip(".").casefold())


def read_month(text: str, year: int | None = None) -> tuple[int, int] | None:
    """Year and month of `jan 2026`, `2026-01`, `maart` (with `year`), ...; None for all else.

    A year of two digits is not read: `jan-26` is a day of January as well.
    """
    for pattern in _WRITTEN:
        if (match := pattern.fullmatch(text.strip())) is None:
            continue
        part = match.groupdict()
        number = month_number(part["name"]) if "name" in part else int(part["number"])
        found = int(part["year"]) if part["year"] else year
        if number and found and 1 <= number <= 12 and found > 0:
            return found, number
    return None


def is_month_without_year(text: str) -> bool:
    """Whether it is the name of a month and nothing else."""
    return month_number(text) is not None


def short_year(text: str) -> tuple[int, int] | None:
    """Year and month of `jan-26` read as January 2026: one of its two readings."""
    match = _SHORT_YEAR.fullmatch(text.strip())
    number = month_number(match["name"]) if match else None
    return (2000 + int(match["year"]), number) if match and number else None


def day_of(month: tuple[int, int], *, last: bool) -> str:
    """The first or last day of a year's month, as `YYYY-MM-DD`."""
    year, number = month
    day = calendar.monthrange(year, number)[1] if last else 1
    return dt.date(year, number, day).isoformat()
