"""Moments as people give them: a day, or in so many days."""

from __future__ import annotations

import datetime as dt

from pipelines.watch.machine import ActError


def beginning(day: str, days: int, zone: dt.tzinfo, now: dt.datetime) -> dt.datetime:
    """The beginning of a day in a time zone: of `day` (as 2026-12-31), or so many days after the
    day of `now` (aware). Raises ActError unless exactly one of the two is given and is a day."""
    if bool(day) == bool(days):
        raise ActError("Give either a day to last until, as 2026-12-31, or a number of days.")
    try:
        today = now.astimezone(zone).date()
        on = dt.date.fromisoformat(day) if day else today + dt.timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise ActError(f"{day or days} is no day such as 2026-12-31.") from error
    return dt.datetime.combine(on, dt.time(), zone)


def day(text: str) -> dt.date | None:
    """A day as 2026-12-31; None where none is given. Raises ActError."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ActError(f"{text} is no day such as 2026-12-31.") from error
