"""What a link does: look at its alert, and act on it once."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.watch import machine
from pipelines.watch.history import Told, following, latest, record
from pipelines.watch.ledger import open_ledger, transaction
from pipelines.watch.links import DAYS, Permission

Found = Literal["ask", "shown", "done", "used", "over", "expired"]
"""ask: it can be done; done: it was done, by this link or otherwise; used: this link did it, and
it was told again since."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a link finds. told: its alert, None where the series has a later one or the ledger knows
    none; by, at: who did last what the link asks, and when."""

    found: Found
    told: Told | None = None
    by: str | None = None
    at: dt.datetime | None = None


def look(ledger: Path, allowed: Permission, mark: str, now: dt.datetime) -> Look:
    """What a link finds, changing nothing. mark: as `links.mark` names it; now: aware. Raises
    LedgerError; sqlite3.OperationalError where somebody writes for too long."""
    if not ledger.exists():
        return Look("over")
    with open_ledger(ledger) as connection:
        return _look(connection, allowed, mark, now)


def click(ledger: Path, allowed: Permission, mark: str, now: dt.datetime) -> Look:
    """Do what a link asks, unless it was done, is over or may not be done; what it finds then.
    Raises as `look`."""
    if not ledger.exists():
        return Look("over")
    with open_ledger(ledger) as connection, transaction(connection):
        seen = _look(connection, allowed, mark, now)
        if seen.found != "ask" or seen.told is None:
            return seen
        at = seen.told.alert.at
        if allowed.act == "acknowledge":
            after = machine.acknowledge(at)
        else:
            after = machine.snooze(at, now + dt.timedelta(days=DAYS[allowed.act]), now)
        record(connection, [following(seen.told, after)], now, allowed.recipient, _note(mark))
        return _look(connection, allowed, mark, now)


def _look(connection: sqlite3.Connection, allowed: Permission, mark: str, now: dt.datetime) -> Look:
    told = next(
        (t for t in latest(connection).values() if t.alert.alert_id == allowed.alert_id), None
    )
    if now >= allowed.expires:
        return Look("expired", told)
    if told is None:
        return Look("over")
    if allowed.act == "show":
        return Look("shown", told)
    at = told.alert.at
    if not at.is_raised:
        return Look("over", told)
    acts = _acts(connection, allowed.alert_id)
    mine = next((each for each in acts if each[2] == _note(mark)), None)
    if mine is not None:
        holds = at.is_acknowledged if allowed.act == "acknowledge" else at.snoozed_until is not None
        return Look("done" if holds else "used", told, mine[0], mine[1])
    if allowed.act == "acknowledge":
        is_done = at.is_acknowledged and at.snoozed_until is None
    else:
        until = now + dt.timedelta(days=DAYS[allowed.act])
        is_done = at.snoozed_until is not None and at.snoozed_until >= until
    if is_done:
        by, when, _ = acts[-1] if acts else (told.by, told.told_at, None)
        return Look("done", told, by, when)
    return Look("ask", told)


def _acts(connection: sqlite3.Connection, alert_id: str) -> list[tuple[str, dt.datetime, str]]:
    """Who did something about an alert, when, and the note with it; the last one last."""
    rows = connection.execute(
        "select occurred_at, detail from alert_events where alert_id = ? "
        "and json_extract(detail, '$.by') is not null order by event_id",
        [alert_id],
    )
    acts = []
    for row in rows:
        detail = json.loads(row["detail"])
        moment = dt.datetime.fromisoformat(row["occurred_at"])
        acts.append((detail["by"], moment, detail.get("note") or ""))
    return acts


def _note(mark: str) -> str:
    return f"by link {mark}"
