"""What a person does about an alert: acknowledge, snooze, silence. Each is an event like any other,
with who did it and why."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path

from pipelines.publication import Clock, utc_now
from pipelines.watch import machine
from pipelines.watch.drift import Silence
from pipelines.watch.history import Told, following, latest, record
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.machine import ActError, AlertState


def acknowledge(
    ledger: Path, name: str, by: str, note: str | None = None, clock: Clock = utc_now
) -> Told:
    """Someone works on it: quiet until it is over. Raises ActError, also where `name` (an alert's
    id, or its beginning) is of no alert or of several; LedgerError."""
    return _act(ledger, name, by, note, clock(), machine.acknowledge)


def snooze(
    ledger: Path,
    name: str,
    until: dt.datetime,
    by: str,
    note: str | None = None,
    clock: Clock = utc_now,
) -> Told:
    """Quiet until a moment (aware), then told again unless it is over. Raises as `acknowledge`."""
    now = clock()
    return _act(ledger, name, by, note, now, lambda at: machine.snooze(at, until, now))


def silence(ledger: Path, holds: Silence, by: str, reason: str, clock: Clock = utc_now) -> None:
    """No messages for a time about the alerts that fit. Raises ActError for a silence that has no
    length or is of everything for ever; LedgerError."""
    if holds.until <= max(holds.since, clock()):
        raise ActError("A silence must end after it begins, and after now.")
    with open_ledger(ledger) as connection, transaction(connection):
        connection.execute(
            "insert into silences (kpi, org_unit_id, owner, since, until, by, reason, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                holds.kpi,
                holds.org_unit_id,
                holds.owner,
                timestamp(holds.since),
                timestamp(holds.until),
                by,
                reason,
                timestamp(clock()),
            ],
        )


def unsilence(
    ledger: Path, number: int, by: str, note: str | None = None, clock: Clock = utc_now
) -> None:
    """End a silence that holds or is still to come, by its number in `koers alerts list`; who ended
    it is kept with its reason. Raises ActError where there is none; LedgerError."""
    now = clock()
    ended = f" (ended by {by} on {now:%Y-%m-%d %H:%M} UTC{f': {note}' if note else ''})"
    with open_ledger(ledger) as connection, transaction(connection):
        changed = connection.execute(
            "update silences set until = max(since, :now), reason = reason || :ended "
            "where silence_id = :number and until > :now",
            {"now": timestamp(now), "ended": ended, "number": number},
        ).rowcount
    if not changed:
        raise ActError(f"No silence {number} holds: koers alerts list names those that do.")


def found(connection: sqlite3.Connection, name: str) -> Told:
    """The alert of this id, or the only open one whose id begins so. Raises ActError."""
    alerts = list(latest(connection).values())
    exact = [told for told in alerts if told.alert.alert_id == name]
    if exact:
        return exact[0]
    like = [t for t in alerts if t.alert.alert_id.startswith(name) and t.alert.at.is_open]
    if not like:
        raise ActError(f"No open alert is called {name}: koers alerts list names them.")
    if len(like) > 1:
        names = "\n  ".join(sorted(told.alert.alert_id for told in like)[:10])
        raise ActError(f"{len(like)} alerts begin with {name}; say which:\n  {names}")
    return like[0]


def _act(
    ledger: Path,
    name: str,
    by: str,
    note: str | None,
    now: dt.datetime,
    act: Callable[[AlertState], AlertState],
) -> Told:
    with open_ledger(ledger) as connection, transaction(connection):
        told = found(connection, name)
        event = following(told, act(told.alert.at))
        record(connection, [event], now, by, note)
        return latest(connection)[told.series]
