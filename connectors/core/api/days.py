"""Days of statistics: which ones a pull asks a vendor for, and whether its answer is about those.

A vendor of statistics is not asked for what changed since a moment, but for days. The figures of
the last days still move, so each window reaches back some days more; of what is read again, only
what differs is landed, and what is no longer there is gone (`Pull.whole_days`). The first pull goes
month by month, so that it can stop and go on.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.core.api.declare import Window
from connectors.core.api.messages import Json, MalformedError
from connectors.core.api.values import Variable, whole_number
from connectors.core.errors import CredentialsError

MOST_MONTHS, MOST_DAYS = 600, 400
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Days:
    """Days in a row, the first and the last included."""

    first: dt.date
    last: dt.date

    def each(self) -> list[str]:
        """Every day as `YYYY-MM-DD`."""
        number = (self.last - self.first).days + 1
        return [(self.first + dt.timedelta(days=n)).isoformat() for n in range(number)]

    @property
    def texts(self) -> tuple[str, str]:
        """The first and the last as `YYYY-MM-DD`."""
        return self.first.isoformat(), self.last.isoformat()

    def check(self, records: Iterable[Json], name: str) -> None:
        """Raises MalformedError where a record has a date of another day: then the answer is one to
        another question. What is no date is left for staging to tell about."""
        first, last = self.texts
        for record in records:
            day = record.get(name) if isinstance(record, dict) else None
            if isinstance(day, str) and _DATE.fullmatch(day) and not first <= day <= last:
                raise MalformedError(f"has a record of {day}, which was not asked for")


@dataclass(frozen=True)
class Calendar:
    """Which days an account's statistics are read of, from three variables of its connector.

    since: the first day of the first pull, or how many months before it. look_back: how many days
    before the last pull are read again. time_zone: in which the vendor's days begin.
    """

    since: str
    look_back: str
    time_zone: str

    def variables(self, look_back_days: int) -> tuple[Variable, ...]:
        """The three, with their defaults: two years, the given days, the Netherlands."""
        return (
            Variable(self.since, "First day to read (2025-01-31), or months back", default="24"),
            Variable(
                self.look_back,
                "Days before the last pull that are read again, since figures still move",
                default=str(look_back_days),
            ),
            Variable(self.time_zone, "Time zone of the vendor's days", default="Europe/Amsterdam"),
        )

    def months(self, values: Mapping[str, str], window: Window) -> list[Days]:
        """The days to ask for, month by month: those that are over at the end of the window.

        Raises CredentialsError, naming the variable that cannot be used.
        """
        zone = self._zone(values)
        last = window.until.astimezone(zone).date() - dt.timedelta(days=1)
        if window.since is None:
            first = self._first(values, last)
        else:
            back = whole_number(values, self.look_back, MOST_DAYS)
            first = window.since.astimezone(zone).date() - dt.timedelta(days=back)
        return split(Days(first, last))

    def _zone(self, values: Mapping[str, str]) -> ZoneInfo:
        try:
            return ZoneInfo(values[self.time_zone])
        except (ValueError, OSError, KeyError):
            raise CredentialsError(f"{self.time_zone} is no time zone: Europe/Amsterdam") from None

    def _first(self, values: Mapping[str, str], last: dt.date) -> dt.date:
        text = values[self.since]
        if _DATE.fullmatch(text):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                raise CredentialsError(f"{self.since} is no date that exists") from None
        months = last.year * 12 + last.month - 1 - whole_number(values, self.since, MOST_MONTHS)
        return dt.date(months // 12, months % 12 + 1, 1)


def split(days: Days) -> list[Days]:
    """The same days by calendar month, oldest first; nothing where they end before they begin."""
    found, first = [], days.first
    while first <= days.last:
        following = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        found.append(Days(first, min(days.last, following - dt.timedelta(days=1))))
        first = following
    return found
