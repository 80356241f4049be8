"""When a digest is due, and of which time it is: what happened since the one before.

Each moment belongs to one digest, so nothing is told twice or left out. Where the machine was off,
one digest makes up for all that were missed.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pipelines.settings import Channel, Digest, Settings, Weekday
from pipelines.watch.ledger import open_ledger
from pipelines.watch.sources import OWNER

WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
LONGEST = {"week": dt.timedelta(days=35), "month": dt.timedelta(days=93)}
"""What is older is no news: a digest that makes up for others goes back no further."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time, after `since` up to and including `until` (both aware)."""

    since: dt.datetime
    until: dt.datetime

    def holds(self, moment: dt.datetime | None) -> bool:
        return moment is not None and self.since < moment <= self.until

    def days(self, zone: dt.tzinfo) -> tuple[dt.date, dt.date]:
        """Its first and last day in a time zone; midnight ends the day before it."""
        until = self.until.astimezone(zone) - dt.timedelta(microseconds=1)
        return self.since.astimezone(zone).date(), until.date()


def takes_digest(channel: Channel) -> bool:
    """Whether a channel gets digests: unless it says so itself, not one of escalation (those who
    read it hear only of what nobody took up), of the engineers alone (they own no KPI), or a signed
    webhook (a program)."""
    if channel.digest is not None:
        return channel.digest
    engineers = bool(channel.owners) and set(channel.owners) == {OWNER}
    return not (channel.escalation or engineers or channel.secret_env is not None)


def moments(chosen: Digest, zone: dt.tzinfo, now: dt.datetime) -> Iterator[dt.datetime]:
    """When digests were due up to `now` (aware), the newest first, for ever; in UTC. A time that
    does not exist on the day the clock goes forward is an hour later."""
    hour, minute = map(int, chosen.at.split(":"))
    weekday = WEEKDAYS.index(chosen.day)
    day = now.astimezone(zone).date()
    while True:
        is_due = day.weekday() == weekday and (chosen.every == "week" or day.day <= 7)
        if is_due:
            local = dt.datetime.combine(day, dt.time(hour, minute), zone)
            if local <= now:
                yield local.astimezone(dt.UTC)
        day -= dt.timedelta(days=1)


def usual_span(chosen: Digest, zone: dt.tzinfo, until: dt.datetime) -> Span:
    """The week, or the month, before a moment (aware) in `zone`; a week where none is made."""
    day = until.astimezone(zone)
    if chosen.every == "month":
        last_of_month_before = day.replace(day=1) - dt.timedelta(days=1)
        same_day = min(day.day, last_of_month_before.day)
        return Span(last_of_month_before.replace(day=same_day).astimezone(dt.UTC), until)
    return Span((day - dt.timedelta(days=7)).astimezone(dt.UTC), until)


def due(ledger: Path, settings: Settings, now: dt.datetime) -> Span | None:
    """The time of the digest that has to be made at `now` (aware); None where none has to be.

    The first is due at the first moment after Koers judged something. Of data that have an end
    date there is none: nothing ever changes. Cheap: for a sensor that looks every minute. Raises
    LedgerError.
    """
    chosen = settings.alerts.digest
    if chosen.every == "off" or settings.end_date is not None or not ledger.exists():
        return None
    if not any(map(takes_digest, settings.alerts.channels)):
        return None
    with open_ledger(ledger) as connection:
        last, began = made_until(connection), _began(connection)
    if began is None:
        return None
    each = moments(chosen, settings.zone, now)
    until, before = next(each), next(each)
    if until <= began or (last is not None and until <= last):
        return None
    since = max(before if last is None else last, until - LONGEST[chosen.every])
    return Span(since, until)


def made_until(connection: sqlite3.Connection) -> dt.datetime | None:
    """Up to when digests were made (aware); None before the first."""
    row = connection.execute("select max(until) from digests").fetchone()
    return None if row[0] is None else dt.datetime.fromisoformat(row[0])


def _began(connection: sqlite3.Connection) -> dt.datetime | None:
    row = connection.execute("select min(evaluated_at) from evaluations").fetchone()
    return None if row[0] is None else dt.datetime.fromisoformat(row[0])
