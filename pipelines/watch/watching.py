"""`watch` judges a publication: events and messages go into the ledger in one transaction.

The publication is opened read-only and the ledger is a file of its own, so neither the nightly
build nor a BI tool notices. Sending is `delivery.deliver`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.core.failpoints import failpoint
from pipelines.publication import Clock, Publication, open_publication, utc_now
from pipelines.settings import Channel
from pipelines.watch.candidates import candidates, newest
from pipelines.watch.drift import FIRING, RESOLVED, Alert, Event, Judged, Watermark, evaluate
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.messages import Message, compose

LAYERS = ("organisation", "department", "team", "project")
"""The layers that get alerts. Not `individual`: a figure of one person is no reason for an
automatic message about that person (GDPR article 22), unless asked for."""

_COLUMNS = {"kpi", "org_unit_id", "period_start", "is_unassigned"}
# Of a row, what is no column of its own in the ledger, nor always the same.
_DETAIL = [field.name for field in dataclasses.fields(Judged) if field.name not in _COLUMNS]


@dataclass(frozen=True)
class WatchResult:
    """`judged` counts series with a target; `evaluated` is False if it was all done before."""

    publication_id: str
    evaluated: bool
    judged: int = 0
    fired: int = 0
    resolved: int = 0
    open_alerts: int = 0
    messages: int = 0


def watch(
    publication: Publication,
    ledger: Path,
    channels: Sequence[Channel] = (),
    clock: Clock = utc_now,
    *,
    language: str = "nl",
    currency: str = "EUR",
    layers: Sequence[str] = LAYERS,
) -> WatchResult:
    """Judge a publication once: a second time changes nothing.

    Raises LedgerError or PublicationError when one of the two files cannot be used.
    """
    with open_ledger(ledger) as connection, transaction(connection):
        done = connection.execute(
            "select 1 from evaluations where publication_id = ?", [publication.publication_id]
        ).fetchone()
        alerts = _latest(connection)
        before = sum(alert.state == FIRING for alert in alerts.values())
        if done:
            return WatchResult(publication.publication_id, evaluated=False, open_alerts=before)
        with open_publication(publication) as facts:
            known = {(a.kpi, a.org_unit_id) for a in alerts.values() if a.state == FIRING}
            rows = candidates(facts, known, layers)
            judged, marks = newest(facts)
        events = evaluate(rows, alerts, publication.publication_id, _watermarks(connection))
        messages = compose(
            events,
            channels,
            publication_id=publication.publication_id,
            language=language,
            currency=currency,
        )
        now = timestamp(clock())
        fired = sum(event.state == FIRING for event in events)
        resolved = sum(event.state == RESOLVED for event in events)
        _record(connection, events, now)
        _queue(connection, messages, now)
        _advance(connection, marks)
        connection.execute(
            "insert into evaluations values (?, ?, ?, ?, ?)",
            [publication.publication_id, now, judged, fired, resolved],
        )
        failpoint("watch.before_commit")
    return WatchResult(
        publication_id=publication.publication_id,
        evaluated=True,
        judged=judged,
        fired=fired,
        resolved=resolved,
        open_alerts=before + fired - resolved,
        messages=len(messages),
    )


def _latest(connection: sqlite3.Connection) -> dict[tuple[str, str, str], Alert]:
    """The latest alert of every series that ever had one."""
    rows = connection.execute(
        """
        with latest as (
            select max(event_id) as event_id from alert_events group by kpi, org_unit_id, kind
        ),
        counts as (select alert_id, count(*) as events from alert_events group by alert_id)
        select alert_id, kpi, org_unit_id, kind, state, period_start, events,
               json_extract(detail, '$.since') as since
        from latest join alert_events using (event_id) join counts using (alert_id)
        """
    )
    return {
        (row["kpi"], row["org_unit_id"], row["kind"]): Alert(
            alert_id=row["alert_id"],
            kpi=row["kpi"],
            org_unit_id=row["org_unit_id"],
            kind=row["kind"],
            state=row["state"],
            first_period=dt.date.fromisoformat(row["since"]),
            period_start=dt.date.fromisoformat(row["period_start"]),
            events=row["events"],
        )
        for row in rows
    }


def _watermarks(connection: sqlite3.Connection) -> dict[tuple[str, str], Watermark]:
    return {
        (row["kpi"], row["grain"]): Watermark(
            dt.date.fromisoformat(row["period_start"]), row["definition_version"]
        )
        for row in connection.execute("select * from watermarks")
    }


def _record(connection: sqlite3.Connection, events: Sequence[Event], now: str) -> None:
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
                now,
                event.row.period_start.isoformat(),
                event.publication_id,
                event.dedup_key,
                _detail(event),
            )
            for event in events
        ],
    )


def _detail(event: Event) -> str:
    facts = {name: getattr(event.row, name) for name in _DETAIL}
    return json.dumps({"since": event.since, **facts}, default=str, ensure_ascii=False)


def _queue(connection: sqlite3.Connection, messages: Sequence[Message], now: str) -> None:
    connection.executemany(
        "insert into outbox (idempotency_key, publication_id, owner, channel, title, body, "
        "dedup_keys, created_at, next_attempt_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) "
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
                now,
                now,
            )
            for message in messages
        ],
    )


def _advance(connection: sqlite3.Connection, marks: dict[tuple[str, str], Watermark]) -> None:
    """Remember how far was judged; never back, and under a new definition only for a new period."""
    connection.executemany(
        "insert into watermarks values (?, ?, ?, ?) on conflict (kpi, grain) do update set "
        "period_start = excluded.period_start, definition_version = excluded.definition_version "
        "where excluded.period_start > watermarks.period_start",
        [
            (kpi, grain, mark.period_start.isoformat(), mark.definition_version)
            for (kpi, grain), mark in marks.items()
        ],
    )
