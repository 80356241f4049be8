"""`watch` judges a publication: events and messages go into the ledger in one transaction.

The publication is opened read-only and the ledger is a file of its own, so neither the nightly
build nor a BI tool notices. Sending is `delivery.deliver`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import duckdb

from connectors.core.failpoints import failpoint
from pipelines.course import histories
from pipelines.movers import movers_of_all
from pipelines.publication import (
    Clock,
    Publication,
    PublicationError,
    open_publication,
    utc_now,
)
from pipelines.settings import Channel
from pipelines.watch.candidates import above, candidates, newest
from pipelines.watch.drift import FIRING, KINDS, Event, Watermark, evaluate, is_silent
from pipelines.watch.endings import ended, endings
from pipelines.watch.history import Told, following, latest, queue, record, silences
from pipelines.watch.known import known_of_all
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.links import AlertLinks, no_links
from pipelines.watch.machine import wake
from pipelines.watch.messages import compose, severity

LAYERS = ("organisation", "department", "team", "project")
"""The layers that get alerts. Not `individual`: a figure of one person is no reason for an
automatic message about that person (GDPR article 22), unless asked for."""


MOST_EXPLAINED = 500


@dataclass(frozen=True)
class WatchResult:
    """`judged` counts series with a target; `evaluated` is False if it was all done before.
    `resolved` counts the alerts that were raised and are over, for whatever reason."""

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
    languages: Mapping[str, str] | None = None,
    currency: str = "EUR",
    layers: Sequence[str] = LAYERS,
    links: AlertLinks = no_links,
) -> WatchResult:
    """Judge a publication once: a second time changes nothing.

    Raises LedgerError or PublicationError when one of the two files cannot be used.
    """
    with open_ledger(ledger) as connection, transaction(connection):
        failpoint("watch.begun")
        now = clock()
        done = connection.execute(
            # Or a later one: after a rollback nothing is judged that was passed by.
            "select 1 from evaluations where publication_id >= ?",
            [publication.publication_id],
        ).fetchone()
        known = latest(connection)
        before = sum(told.alert.at.is_raised for told in known.values())
        if done:
            return WatchResult(publication.publication_id, evaluated=False, open_alerts=before)
        with open_publication(publication) as facts:
            followed = {series for series, told in known.items() if told.alert.at.is_open}
            over = ended(facts, followed)
            rows = candidates(facts, {series[:2] for series in followed - set(over)}, layers)
            rows = [row for row in rows if row.series not in over]
            judged, marks = newest(facts)
            holding = silences(connection, now)
            events = evaluate(
                rows,
                {series: told.alert for series, told in known.items()},
                publication.publication_id,
                _watermarks(connection),
                now=now,
                silences=holding,
                above=above(facts, {row.org_unit_id for row in rows}),
            )
            events = _knowing(facts, _explained(facts, events))
        events += endings(over, known, publication.publication_id, now=now, silences=holding)
        messages = compose(
            events,
            channels,
            publication_id=publication.publication_id,
            language=language,
            languages=languages,
            currency=currency,
            links=links,
        )
        record(connection, events, now)
        failpoint("watch.recorded")
        queue(connection, messages, timestamp(now))
        failpoint("watch.queued")
        _advance(connection, marks)
        raised = {series for series, told in known.items() if told.alert.at.is_raised}
        fired = sum(event.at.is_raised and event.row.series not in raised for event in events)
        resolved = sum(event.row.series in raised and not event.at.is_raised for event in events)
        connection.execute(
            "insert into evaluations values (?, ?, ?, ?, ?)",
            [publication.publication_id, timestamp(now), judged, fired, resolved],
        )
        failpoint("watch.before_commit")
    failpoint("watch.committed")
    return WatchResult(
        publication_id=publication.publication_id,
        evaluated=True,
        judged=judged,
        fired=fired,
        resolved=resolved,
        open_alerts=before + fired - resolved,
        messages=len(messages),
    )


def _explained(facts: duckdb.DuckDBPyConnection, events: Sequence[Event]) -> list[Event]:
    """With what moved them, those that are told to begin, and with their course, those that are
    told. Of a storm only the worst: no more are named in a message."""
    told = [event for event in events if event.is_news]
    told.sort(key=lambda event: (event.state != FIRING, -severity(event.row)))
    told = told[:MOST_EXPLAINED]
    begun = [event for event in told if event.state == FIRING]
    moved = movers_of_all(facts, [event.row for event in begun])
    moved_by = dict(zip((event.dedup_key for event in begun), map(tuple, moved), strict=True))
    rows = [event.row for event in told]
    courses = histories(facts, [(row.kpi, row.org_unit_id, row.period_start) for row in rows])
    points = dict(zip((event.dedup_key for event in told), map(tuple, courses), strict=True))
    return [
        replace(
            event,
            moved_by=moved_by.get(event.dedup_key, ()),
            points=points.get(event.dedup_key, ()),
        )
        for event in events
    ]


def _knowing(facts: duckdb.DuckDBPyConnection, events: Sequence[Event]) -> list[Event]:
    """With what the figures were made of, all that fire, also those that another explains."""
    fires = [event for event in events if event.state == FIRING]
    known = known_of_all(facts, [event.row for event in fires])
    by_key = dict(zip((event.dedup_key for event in fires), known, strict=True))
    return [replace(event, known=by_key.get(event.dedup_key)) for event in events]


def remind(
    ledger: Path,
    channels: Sequence[Channel] = (),
    clock: Clock = utc_now,
    *,
    language: str = "nl",
    languages: Mapping[str, str] | None = None,
    currency: str = "EUR",
    escalate_after: dt.timedelta | None = None,
    publication: Publication | None = None,
    links: AlertLinks = no_links,
) -> int:
    """Tell the alerts whose snooze has ended, and those above of what nobody acknowledged for so
    long, with the figures of the last change; how many. publication: where their course and what
    moved them are read; without one, or with one that cannot be read, they are told without."""
    if not ledger.exists():
        return 0
    with open_ledger(ledger) as connection, transaction(connection):
        now = clock()
        holding = silences(connection, now)
        events = []
        for told in latest(connection).values():
            if told.row.kind not in KINDS or is_silent(told.row, holding, now):
                continue
            woken = wake(told.alert.at, now)
            if woken is not told.alert.at and woken.state == FIRING:
                event = following(told, replace(woken, is_told=True))
                events.append(replace(event, is_news=True))
            elif escalate_after is not None and _is_ignored(told, now - escalate_after):
                at = replace(told.alert.at, is_escalated=True)
                events.append(replace(following(told, at), is_news=True, is_escalation=True))
        if events and publication is not None:
            with contextlib.suppress(PublicationError), open_publication(publication) as facts:
                events = _explained(facts, events)
        events.sort(key=lambda event: event.publication_id)
        for publication_id, group in groupby(events, lambda event: event.publication_id):
            messages = compose(
                group,
                channels,
                publication_id=publication_id,
                language=language,
                languages=languages,
                currency=currency,
                links=links,
            )
            queue(connection, messages, timestamp(now))
        record(connection, events, now)
    return len(events)


def _is_ignored(told: Told, since: dt.datetime) -> bool:
    at = told.alert.at
    is_waiting = at.state == FIRING and at.is_told and not at.is_escalated
    return is_waiting and told.told_at is not None and told.told_at <= since


def _watermarks(connection: sqlite3.Connection) -> dict[tuple[str, str], Watermark]:
    return {
        (row["kpi"], row["grain"]): Watermark(
            dt.date.fromisoformat(row["period_start"]), row["definition_version"]
        )
        for row in connection.execute("select * from watermarks")
    }


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
