"""Alerts as the ledger's events tell them, and events as the ledger writes them.

The last event of an alert holds all there is to know of it: its state, what was done about it, and
the period it is about with the figures of that time.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.watch.drift import TOLERANCE, Alert, Event, Judged, Series, Silence, dedup_key
from pipelines.watch.ledger import timestamp
from pipelines.watch.machine import AlertState
from pipelines.watch.messages import Message

_COLUMNS = {"kpi", "org_unit_id", "period_start", "is_unassigned", "kind"}
# Of a row, what is no column of its own in the ledger, nor always the same.
_DETAIL = [field.name for field in dataclasses.fields(Judged) if field.name not in _COLUMNS]
_DATES = ("period_end", "off_since")

_LATEST = """
with latest as (
    select max(event_id) as event_id from alert_events group by kpi, org_unit_id, kind
),
counts as (
    select
        alert_id,
        count(*) as events,
        max(occurred_at) filter (where state = 'firing' and json_extract(detail, '$.is_news'))
            as told_at
    from alert_events
    group by alert_id
)
select alert_events.*, counts.events, counts.told_at
from latest join alert_events using (event_id) join counts using (alert_id)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """The latest alert of a series: its series, the alert, and the period of its last event as it
    was known then. `told_at`: when its owner was told last. `by` and `note` are of the last act."""

    series: Series
    alert: Alert
    row: Judged
    publication_id: str
    told_at: dt.datetime | None = None
    by: str | None = None
    note: str | None = None


def latest(connection: sqlite3.Connection) -> dict[Series, Told]:
    """The latest alert of every series that ever had one."""
    rows = connection.execute(_LATEST)
    return {told.series: told for told in map(_told, rows)}


def following(told: Told, at: AlertState) -> Event:
    """The event that puts an alert into another state, with the figures it had last; no news."""
    return Event(
        alert_id=told.alert.alert_id,
        kind=told.row.kind,
        state=at.state,
        publication_id=told.publication_id,
        dedup_key=dedup_key(told.alert.alert_id, told.alert.events, at.state),
        since=told.alert.since,
        row=told.row,
        at=at,
        is_news=False,
        folded_into=told.alert.folded_into,
    )


def record(
    connection: sqlite3.Connection,
    events: Sequence[Event],
    now: dt.datetime,
    by: str | None = None,
    note: str | None = None,
) -> None:
    """Append events. by, note: of a person's act."""
    connection.executemany(
        "insert into alert_events (alert_id, kpi, org_unit_id, kind, state, occurred_at, "
        "period_start, publication_id, dedup_key, detail) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                event.alert_id,
                event.row.kpi,
                event.row.org_unit_id,
                event.kind,
                event.state,
                timestamp(now),
                event.row.period_start.isoformat(),
                event.publication_id,
                event.dedup_key,
                _detail(event, by, note),
            )
            for event in events
        ],
    )


def queue(connection: sqlite3.Connection, messages: Sequence[Message], now: str) -> None:
    """Put messages into the outbox, each once. now: as `timestamp` writes it."""
    connection.executemany(
        "insert into outbox (idempotency_key, publication_id, owner, channel, title, body, "
        "dedup_keys, letter, created_at, next_attempt_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "on conflict (idempotency_key) do nothing",
        [
            (
                message.idempotency_key,
                message.publication_id,
                message.owner,
                message.channel,
                message.title,
                message.body,
                json.dumps(message.dedup_keys, ensure_ascii=False),
                message.letter.to_json(),
                now,
                now,
            )
            for message in messages
        ],
    )


def silences(connection: sqlite3.Connection, now: dt.datetime) -> list[Silence]:
    """Those that hold at a moment."""
    rows = connection.execute(
        "select * from silences where since <= ? and until > ?", [timestamp(now)] * 2
    )
    return [
        Silence(
            dt.datetime.fromisoformat(row["since"]),
            dt.datetime.fromisoformat(row["until"]),
            row["kpi"],
            row["org_unit_id"],
            row["owner"],
            row["silence_id"],
            row["reason"],
        )
        for row in rows
    ]


def _detail(event: Event, by: str | None, note: str | None) -> str:
    at = event.at
    said: dict[str, Any] = {
        "since": event.since,
        "at": {
            "period_start": at.period_start,
            "held": at.held,
            "is_acknowledged": at.is_acknowledged,
            "snoozed_until": timestamp(at.snoozed_until) if at.snoozed_until else None,
            "is_told": at.is_told,
            "is_escalated": at.is_escalated,
            "ending": at.ending,
        },
        "is_news": event.is_news,
        "folded_into": event.folded_into,
        "explains": [row.org_unit_id for row in event.explains],
        "moved_by": [dataclasses.asdict(mover) for mover in event.moved_by],
        **({"is_late": True} if event.is_late else {}),
        **({"by": by, "note": note} if by else {}),
        **({"known": dataclasses.asdict(event.known)} if event.known else {}),
        **{name: getattr(event.row, name) for name in _DETAIL},
    }
    return json.dumps(said, default=str, ensure_ascii=False)


def _told(event: sqlite3.Row) -> Told:
    detail = json.loads(event["detail"])
    state, period = event["state"], dt.date.fromisoformat(event["period_start"])
    at = AlertState(state, period, is_told=True)
    # A ledger of before says nothing of it: each of its alerts was told.
    if (known := detail.get("at")) is not None:
        until = known["snoozed_until"]
        at = AlertState(
            state,
            dt.date.fromisoformat(known["period_start"]) if known["period_start"] else None,
            known["held"],
            known["is_acknowledged"],
            dt.datetime.fromisoformat(until) if until else None,
            known["is_told"],
            known.get("is_escalated", False),
            known.get("ending"),
        )
    alert = Alert(
        event["alert_id"],
        dt.date.fromisoformat(detail["since"]),
        event["events"],
        at,
        detail.get("folded_into"),
    )
    return Told(
        (event["kpi"], event["org_unit_id"], event["kind"]),
        alert,
        judged_of(event, detail),
        event["publication_id"],
        dt.datetime.fromisoformat(event["told_at"]) if event["told_at"] else None,
        detail.get("by"),
        detail.get("note"),
    )


def judged_of(event: sqlite3.Row, detail: dict[str, Any]) -> Judged:
    """The period of an event as it was known then. detail: of its row, read from JSON."""
    said: dict[str, Any] = {name: detail.get(name) for name in _DETAIL}
    for name in _DATES:
        if said[name] is not None:
            said[name] = dt.date.fromisoformat(said[name])
    # What a ledger of before does not say.
    defaults = {"verdict": "no_data", "in_a_row": 0, "recover_periods": 1}
    said |= {name: value for name, value in defaults.items() if said[name] is None}
    return Judged(
        kpi=event["kpi"],
        org_unit_id=event["org_unit_id"],
        period_start=dt.date.fromisoformat(event["period_start"]),
        is_unassigned=False,
        kind=event["kind"] or TOLERANCE,
        **said,
    )
