"""Which channels do not take their messages, for `koers status`, `koers alerts list`, the engineers
and the heartbeat. The messages themselves stay in the outbox and are tried again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.settings import Channel
from pipelines.watch.ledger import open_ledger

MANY_ATTEMPTS = 7
"""The seventh is an hour after the first, by the waits of `delivery.wait_after`."""
LONG = dt.timedelta(hours=20)
"""Where only `koers run` delivers, once a night: the second night."""


@dataclass(frozen=True)
class Undelivered:
    """What waits of one channel after it was tried. `since`: when the oldest of it was written
    (UTC); `attempts`: the most of any of it; `error`: the last one, without secrets. is_failing:
    for so long or so often that somebody must look."""

    channel: str
    messages: int
    since: dt.datetime
    attempts: int
    error: str
    is_failing: bool


def undelivered(file: Path, channels: Sequence[Channel], now: dt.datetime) -> list[Undelivered]:
    """Of these channels, what was tried and not taken, by now (aware); empty where all is well."""
    if not file.exists():
        return []
    with open_ledger(file) as ledger:
        rows = ledger.execute(
            "select channel, count(*) as messages, min(created_at) as since,"
            " max(attempts) as attempts, max(last_error) as error"
            " from outbox where sent_at is null and last_error is not null"
            " and channel in (select value from json_each(?))"
            " group by channel order by channel",
            [json.dumps([channel.name for channel in channels])],
        ).fetchall()
    return [
        Undelivered(
            row["channel"],
            row["messages"],
            since := dt.datetime.fromisoformat(row["since"]),
            row["attempts"],
            row["error"],
            row["attempts"] >= MANY_ATTEMPTS or (row["attempts"] > 1 and now - since > LONG),
        )
        for row in rows
    ]


def values(found: list[Undelivered]) -> list[dict[str, Any]]:
    """The same for programs: times as ISO text in UTC."""
    return [asdict(each) | {"since": each.since.isoformat(timespec="seconds")} for each in found]


def told(said: Mapping[str, Any]) -> str:
    """What `values` says of a channel, as a line."""
    return (
        f"{said['messages']} undelivered since {said['since']}, tried {said['attempts']} times; "
        f"{said['error']}"
    )
