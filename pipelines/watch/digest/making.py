"""Makes the digests that are due: one message per owner and channel, through the outbox.

That a time is done stands in the ledger in the same transaction as its messages, and each message
has a key of its owner, channel and time: a crash, or two that make it at once, send it once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import duckdb

from connectors.core.failpoints import failpoint
from pipelines.course import histories
from pipelines.publication import (
    Clock,
    Publication,
    PublicationError,
    current,
    open_publication,
    utc_now,
)
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.watch.digest.matter import Matter
from pipelines.watch.digest.reader import Reader
from pipelines.watch.digest.reading import read
from pipelines.watch.digest.timing import Span, due, made_until, takes_digest
from pipelines.watch.digest.writing import Courses, write
from pipelines.watch.history import queue
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.letter import Letter
from pipelines.watch.links import AlertLinks, linking, no_links
from pipelines.watch.messages import Message
from pipelines.watch.text import text


def make_due(home: Home, settings: Settings, clock: Clock = utc_now) -> int:
    """Queue the digests that are due; how many messages. None while nothing is published.

    Raises LedgerError or PublicationError when one of the two files cannot be used.
    """
    now = clock()
    span = due(home.ledger, settings, now)
    publication = current(home) if span else None
    if span is None or publication is None:
        return 0
    messages = compose(home, settings, publication, span, now)
    with open_ledger(home.ledger) as connection, transaction(connection):
        last = made_until(connection)
        if last is not None and last >= span.until:
            return 0  # another was first
        failpoint("digest.queues")
        queue(connection, messages, timestamp(now))
        connection.execute(
            "insert into digests values (?, ?, ?, ?)",
            [timestamp(span.until), timestamp(span.since), timestamp(now), len(messages)],
        )
        failpoint("digest.before_commit")
    return len(messages)


def queue_now(
    home: Home, settings: Settings, span: Span, owner: str = "", clock: Clock = utc_now
) -> int:
    """Queue the digests of any time, those of one owner or all; how many were not queued before.
    Raises as `make_due`."""
    publication = current(home)
    if publication is None:
        return 0
    now = clock()
    messages = compose(home, settings, publication, span, now)
    messages = [each for each in messages if owner in ("", each.owner)]
    with open_ledger(home.ledger) as connection, transaction(connection):
        before = _queued(connection)
        queue(connection, messages, timestamp(now))
        return _queued(connection) - before


def look(
    home: Home,
    settings: Settings,
    publication: Publication,
    span: Span,
    owner: str = "",
    language: str | None = None,
) -> tuple[Letter | None, list[str]]:
    """The digest of an owner, or of the organisation, as nobody is sent it: without links; and the
    owners there are."""
    with open_publication(publication) as facts, open_ledger(home.ledger) as ledger:
        matter = _read(facts, ledger, span, publication, settings.zone)
        reader = reader_of(owner or heads(settings.alerts, matter)[0], matter, settings)
        reader = replace(reader, language=language or reader.language)
        letter = write(matter, reader, partial(histories, facts), settings.zone)
        return letter, matter.owners


def compose(
    home: Home, settings: Settings, publication: Publication, span: Span, now: dt.datetime
) -> list[Message]:
    """The messages of a time; none to those to whom there is nothing to say. now: aware."""
    with open_publication(publication) as facts, open_ledger(home.ledger) as ledger:
        matter = _read(facts, ledger, span, publication, settings.zone)
        courses = partial(histories, facts)
        links = linking(home, settings, now)
        return list(_messages(matter, settings, courses, links))


def _read(
    facts: duckdb.DuckDBPyConnection,
    ledger: sqlite3.Connection,
    span: Span,
    publication: Publication,
    zone: dt.tzinfo,
) -> Matter:
    try:
        return read(facts, ledger, span, publication.publication_id, zone)
    except duckdb.Error as error:
        raise PublicationError(
            f"No digest can be made of publication {publication.publication_id}: {error}. Is it of "
            "an older Koers? koers run makes a new one."
        ) from error


def _messages(
    matter: Matter, settings: Settings, courses: Courses, links: AlertLinks = no_links
) -> Iterator[Message]:
    alerts = settings.alerts
    for channel in filter(takes_digest, alerts.channels):
        for owner in recipients(channel, alerts, matter):
            key = _key(channel.name, owner, matter.span, settings.zone)
            reader = reader_of(owner, matter, settings, channel)
            letter = write(matter, reader, courses, settings.zone, key=key, links=links)
            if letter is None:
                continue
            yield Message(
                key,
                matter.publication_id,
                owner,
                channel.name,
                letter.title,
                text(letter),
                (),
                letter,
            )


def recipients(channel: Channel, alerts: Alerts, matter: Matter) -> list[str]:
    """To whom a channel takes digests: its owners. One that names none is everybody's, so it gets
    that of the organisation, once."""
    return list(dict.fromkeys(channel.owners)) or [heads(alerts, matter)[0]]


def heads(alerts: Alerts, matter: Matter) -> tuple[str, ...]:
    """Who gets the digest of the whole organisation."""
    return tuple(alerts.digest.organisation or ()) or matter.heads


def reader_of(
    owner: str, matter: Matter, settings: Settings, channel: Channel | None = None
) -> Reader:
    """Who reads what an owner gets over a channel, or without one at the command line."""
    alerts = settings.alerts
    language: str = alerts.languages.get(owner, alerts.language)
    if channel is not None:
        language = channel.read_in(owner, alerts.language, alerts.languages)
    return Reader(
        owner,
        is_whole=owner in heads(alerts, matter),
        layers=tuple(channel.layers) if channel else (),
        language=language,
        currency=settings.currency,
    )


def _key(channel: str, owner: str, span: Span, zone: dt.tzinfo) -> str:
    """Of the days, so that a digest that is sent by hand is not made again."""
    days = (day.isoformat() for day in span.days(zone))
    named = "\n".join(("digest", channel, owner, *days))
    return hashlib.sha256(named.encode()).hexdigest()[:24]


def _queued(connection: sqlite3.Connection) -> int:
    return int(connection.execute("select count(*) from outbox").fetchone()[0])
