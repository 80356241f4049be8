"""How many messages wait, and since when."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from dataclasses import dataclass

from pipelines.settings import Home


@dataclass(frozen=True)
class Waiting:
    """The messages of one channel that were not sent. `attempts`: the most of any of them.
    `last_error`: as the ledger holds it, without secrets."""

    channel: str
    pending: int
    oldest: dt.timedelta
    attempts: int
    last_error: str | None


@dataclass(frozen=True)
class Outbox:
    by_channel: tuple[Waiting, ...] = ()

    @property
    def pending(self) -> int:
        return sum(each.pending for each in self.by_channel)

    @property
    def oldest(self) -> dt.timedelta:
        return max((each.oldest for each in self.by_channel), default=dt.timedelta())


def outbox(home: Home, now: dt.datetime) -> Outbox:
    """What waits, at `now` (aware). Raises sqlite3.Error where the ledger cannot be read; it is
    read only, so that one of a newer Koers is not touched."""
    if not home.ledger.exists():
        return Outbox()
    uri = f"{home.ledger.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as ledger:
        rows = ledger.execute(
            "select channel, count(*), min(created_at), max(attempts), max(last_error)"
            " from outbox where sent_at is null group by channel order by channel"
        ).fetchall()
    return Outbox(
        tuple(
            Waiting(channel, number, now - dt.datetime.fromisoformat(oldest), attempts, error)
            for channel, number, oldest, attempts, error in rows
        )
    )
