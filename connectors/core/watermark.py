"""How far the data of a stream reach, so that only periods that are over and covered are judged.

The newest value of the stream's `activity` field tells. A value after the day of extraction does
not (a planned meeting, an expected closing date, a slip of the pen in the year): else one typo
would declare all days until now covered.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from connectors.core.contract import Stream


class Watermark:
    """Gathers the oldest and newest activity of one file.

    zone: the business time zone. now: the moment of extraction.
    """

    def __init__(self, stream: Stream, zone: ZoneInfo, now: dt.datetime) -> None:
        self.oldest: str | None = None
        self.newest: str | None = None
        self.at: int | None = None
        today = now.astimezone(zone).date()
        self._limit = (today + dt.timedelta(days=1)).isoformat()
        for index, field in enumerate(stream.fields):
            if field.name == stream.activity:
                self.at = index
                if field.type == "datetime":
                    midnight = dt.datetime.combine(today, dt.time(), zone) + dt.timedelta(days=1)
                    self._limit = midnight.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def see(self, *values: str | None) -> None:
        """Take the activity of rows, in canonical text, which sorts by time."""
        known = [value for value in set(values) if value is not None and value < self._limit]
        if known:
            self.newest = max(known) if self.newest is None else max(self.newest, *known)
            self.oldest = min(known) if self.oldest is None else min(self.oldest, *known)


def covers_until(
    stream: Stream,
    newest: str | None,
    *,
    previous: str | None,
    end_date: dt.date | None,
    zone: ZoneInfo,
    now: dt.datetime,
) -> str | None:
    """The last business date that the stream covers whole, `YYYY-MM-DD`; None for reference data
    and where nothing tells.

    newest: the newest activity of the load. previous: what the load before said, below which this
    one does not go. end_date: what the people say, which goes before both; no day that is not over
    is ever covered.
    """
    if stream.activity is None:
        return None
    yesterday = now.astimezone(zone).date() - dt.timedelta(days=1)
    if end_date is not None:
        return min(end_date, yesterday).isoformat()
    if newest is None:
        return previous
    reached = min(_business_date(newest, zone), yesterday).isoformat()
    return reached if previous is None else max(reached, previous)


def _business_date(activity: str, zone: ZoneInfo) -> dt.date:
    if len(activity) == len("2026-01-31"):
        return dt.date.fromisoformat(activity)
    return dt.datetime.fromisoformat(activity).astimezone(zone).date()
