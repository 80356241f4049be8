"""Sends what is due from the outbox.

A message counts as sent only when the channel said so. A row is claimed before it is sent (its
next attempt is put off), so two deliveries at once send it once, and a process that dies between
the sending and the marking sends it again with the same key: at least once, and at most one
duplicate per crash. The key stands in the text; where the service takes fields of our own (JSON,
form and XML webhooks, e-mail headers) also as `dedup_key` and as header `Idempotency-Key`, and it
is the id of a signed webhook and of a mail.

Of a message that was taken the text stays, without the permissions in its links (`blanking`).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.errors import MessageError
from pathlib import Path

from connectors.core.failpoints import failpoint
from pipelines.publication import Clock, utc_now
from pipelines.settings import Channel
from pipelines.watch import sending
from pipelines.watch.blanking import blanked, with_links_that_work
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.letter import from_json
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.redaction import redact
from pipelines.watch.sample import sample

FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(hours=6)
WRONG_CLOCK = LONGEST_WAIT + dt.timedelta(hours=1)
"""No message rests so long: one that is to was put off while the clock was ahead, and is due."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryResult:
    """`waiting` messages are not yet sent, for whatever reason; `errors` carry no secret."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    errors: tuple[str, ...] = ()


Send = Callable[[str, Outgoing], None]
"""Sends a message to the URL of a channel; raises ChannelError if it was not taken."""


def wait_after(attempts: int) -> dt.timedelta:
    """How long a message rests after so many attempts: doubling from a minute to six hours."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, 20)), LONGEST_WAIT)


def resting(now: dt.datetime) -> tuple[str, str]:
    """Between which next attempts (both included, as the ledger writes them) a message is not due
    at a moment."""
    return timestamp(now + dt.timedelta(microseconds=1)), timestamp(now + WRONG_CLOCK)


def deliver(
    ledger: Path,
    channels: Sequence[Channel],
    clock: Clock = utc_now,
    *,
    limit: int = 50,
    send: Send = sending.send,
    environment: Mapping[str, str] | None = None,
    zone: dt.tzinfo = dt.UTC,
) -> DeliveryResult:
    """Send at most `limit` messages that are due, each once per call. `zone`: of the quiet hours of
    a channel, in which its messages wait.

    A channel that fails is tried again later and never raises. Raises LedgerError if the ledger
    cannot be used.
    """
    if not ledger.exists():
        return DeliveryResult()
    environment = os.environ if environment is None else environment
    sent, errors = 0, []
    by_name = {channel.name: channel for channel in channels}
    with open_ledger(ledger) as connection:
        _blank_expired(connection, clock())
        for _ in range(limit):
            now = clock()
            awake = [c.name for c in channels if not c.is_quiet(now.astimezone(zone))]
            claimed = _claim(connection, awake, now)
            if claimed is None:
                break
            message_id, channel, message = claimed
            failpoint("deliver.claimed")
            error = _try(by_name[channel], message, send, environment)
            if error is None:
                failpoint("deliver.sent")
                connection.execute(
                    "update outbox set sent_at = ?, last_error = null, letter = null, body = ? "
                    "where message_id = ?",
                    [timestamp(clock()), blanked(message.body), message_id],
                )
                failpoint("deliver.marked")
                sent += 1
            else:
                _put_off(connection, message_id, error, clock())
                errors.append(error.said)
                _log.warning("Message %s was not delivered: %s", message.key, error.said)
        waiting = connection.execute(
            "select count(*) from outbox where sent_at is null"
        ).fetchone()[0]
    return DeliveryResult(sent, len(errors), waiting, tuple(errors))


def try_channel(
    channel: Channel,
    *,
    language: str = "nl",
    currency: str = "EUR",
    clock: Clock = utc_now,
    send: Send = sending.send,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """Send a sample that says it is a test, laid out and with a picture as a real message; the
    reason why it was not taken, without secrets, or None."""
    now = clock()
    message = sample(channel, channel.language or language, currency, now)
    failed = _try(channel, message, send, os.environ if environment is None else environment)
    return failed.said if failed else None


def _claim(
    connection: sqlite3.Connection, channels: Sequence[str], now: dt.datetime
) -> tuple[int, str, Outgoing] | None:
    """Take the oldest message that is due, and put off its next attempt before it is sent."""
    with transaction(connection):
        marks = ", ".join("?" for _ in channels)
        row = connection.execute(
            "select * from outbox where sent_at is null and not next_attempt_at between ? and ? "
            f"and channel in ({marks}) order by next_attempt_at, message_id limit 1",
            [*resting(now), *channels],
        ).fetchone()
        if row is None:
            return None
        attempts = row["attempts"] + 1
        connection.execute(
            "update outbox set attempts = ?, next_attempt_at = ? where message_id = ?",
            [attempts, timestamp(now + wait_after(attempts)), row["message_id"]],
        )
    message = Outgoing(
        key=row["idempotency_key"],
        owner=row["owner"],
        title=row["title"],
        body=row["body"],
        publication_id=row["publication_id"],
        channel=row["channel"],
        letter=with_links_that_work(from_json(row["letter"]), now) if row["letter"] else None,
        at=now,
    )
    return row["message_id"], row["channel"], message


def _blank_expired(connection: sqlite3.Connection, now: dt.datetime) -> None:
    """Of what still waits (its channel may be gone for good), blank the links that work no more. No
    link works for less than a day."""
    waiting = connection.execute(
        "select message_id, body, letter from outbox where sent_at is null and created_at <= ?",
        [timestamp(now - dt.timedelta(days=1))],
    ).fetchall()
    for message_id, body, letter in waiting:
        kept = (blanked(body, now), blanked(letter, now) if letter else letter)
        if kept != (body, letter):
            connection.execute(
                "update outbox set body = ?, letter = ? where message_id = ? and sent_at is null",
                [*kept, message_id],
            )


@dataclass(frozen=True)
class _Failed:
    """Why a message was not taken, without secrets, and how long the channel asked to be left
    alone."""

    said: str
    wait: dt.timedelta = dt.timedelta()


def _put_off(
    connection: sqlite3.Connection, message_id: int, failed: _Failed, now: dt.datetime
) -> None:
    """Remember why; where the channel asked for a longer wait than ours, within bounds, keep to
    it."""
    until = timestamp(now + min(failed.wait, LONGEST_WAIT))
    connection.execute(
        "update outbox set last_error = ?, next_attempt_at = max(next_attempt_at, ?)"
        " where message_id = ?",
        [failed.said, until, message_id],
    )


def _try(
    channel: Channel, message: Outgoing, send: Send, environment: Mapping[str, str]
) -> _Failed | None:
    """Send; why it was not taken, or None."""
    url = environment.get(channel.url_env, "").strip()
    if not url:
        return _Failed(f"{channel.name}: environment variable {channel.url_env} is not set")
    secret = None
    if channel.secret_env is not None:
        secret = environment.get(channel.secret_env, "").strip()
        if not secret:
            return _Failed(f"{channel.name}: environment variable {channel.secret_env} is not set")
    try:
        send(url, replace(message, secret=secret, private_network=channel.private_network))
    except (ChannelError, MessageError, OSError, ValueError, TypeError, RuntimeError) as error:
        wait = dt.timedelta(seconds=getattr(error, "wait", 0.0))
        return _Failed(f"{channel.name}: {redact(str(error), url, secret or '')}", wait)
    return None
