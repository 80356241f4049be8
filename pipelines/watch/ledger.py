"""The alert ledger: an SQLite file of its own, so that no build or reader ever blocks it.

`alert_events` only grows: what an alert is now follows from its last event. `evaluations` says
which publications were judged, `watermarks` how far, `silences` when nothing is to be told, and
`outbox` holds the messages until a channel took them: as text, and as the letter that
each channel lays out in its own way. `action_events`, which only grows too, says what people agreed
to do about an alert, and `expected_events` what they said to have expected. `digests` says of which
time digests were made. Times are UTC, as ISO text of one width, so that text order is time order.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.core.disk import is_of_disk, refused
from connectors.core.durable import sync
from pipelines.watch.machine import MISSING, RAISED

SCHEMA_VERSION = 6
_APPLICATION_ID = 0x4B4F4552  # "KOER": tells a ledger from any other SQLite file

_FIRST = """
create table alert_events (
    event_id integer primary key,
    alert_id text not null,
    kpi text not null,
    org_unit_id text not null,
    kind text not null,
    state text not null,
    occurred_at text not null,
    period_start text not null,
    publication_id text not null,
    dedup_key text not null unique,
    detail text not null
) strict;
create index alert_events_series on alert_events (kpi, org_unit_id, kind, event_id);
create index alert_events_alert on alert_events (alert_id);
create trigger alert_events_stay before update on alert_events
begin select raise(abort, 'alert_events only grows'); end;
create trigger alert_events_remain before delete on alert_events
begin select raise(abort, 'alert_events only grows'); end;
create table evaluations (
    publication_id text primary key,
    evaluated_at text not null,
    judged integer not null,
    fired integer not null,
    resolved integer not null
) strict;
create table watermarks (
    kpi text not null,
    grain text not null,
    period_start text not null,
    definition_version text,
    primary key (kpi, grain)
) strict;
create table outbox (
    message_id integer primary key,
    idempotency_key text not null unique,
    publication_id text not null,
    owner text not null,
    channel text not null,
    title text not null,
    body text not null,
    dedup_keys text not null,
    created_at text not null,
    attempts integer not null default 0,
    next_attempt_at text not null,
    sent_at text,
    last_error text
) strict;
create index outbox_due on outbox (next_attempt_at) where sent_at is null;
"""
_SECOND = """
create table silences (
    silence_id integer primary key,
    kpi text,
    org_unit_id text,
    owner text,
    since text not null,
    until text not null,
    by text not null,
    reason text not null,
    created_at text not null
) strict;
"""
_THIRD = """
alter table outbox add column letter text;
"""
_FOURTH = """
create table action_events (
    event_id integer primary key,
    action_id text not null,
    alert_id text not null,
    state text not null,
    what text not null,
    who text not null,
    start text not null,
    until text not null,
    occurred_at text not null,
    by text not null,
    note text,
    done_on text
) strict;
create index action_events_action on action_events (action_id, event_id);
create trigger action_events_stay before update on action_events
begin select raise(abort, 'action_events only grows'); end;
create trigger action_events_remain before delete on action_events
begin select raise(abort, 'action_events only grows'); end;
"""
_FIFTH = """
create table expected_events (
    event_id integer primary key,
    alert_id text not null,
    kpi text not null,
    org_unit_id text not null,
    since text not null,
    until text not null,
    why text not null,
    by text not null,
    is_expected integer not null,
    occurred_at text not null
) strict;
create index expected_events_alert on expected_events (alert_id, event_id);
create trigger expected_events_stay before update on expected_events
begin select raise(abort, 'expected_events only grows'); end;
create trigger expected_events_remain before delete on expected_events
begin select raise(abort, 'expected_events only grows'); end;
"""
_SIXTH = """
create table digests (
    until text primary key,
    since text not null,
    made_at text not null,
    messages integer not null
) strict;
"""
_SCHEMA = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH)
"""What each version of the ledger added to the one before."""


class LedgerError(RuntimeError):
    """The alert ledger cannot be used; the text says which file, why and what to do."""


def timestamp(moment: dt.datetime) -> str:
    """A moment as the ledger writes it. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


@contextlib.contextmanager
def open_ledger(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the ledger, made on first use; every change is on disk when its transaction ends.

    Raises LedgerError, before anything is written, for a ledger of a newer Koers and for a file
    that is no ledger; and where the disk refuses something in the block, which then did nothing.
    """
    with _disk_told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size:
            _check(file)
        with _opened(file) as connection:
            yield connection


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        # What is blanked in a row must not stay readable in a page that became free.
        connection.execute("pragma secure_delete = on")
        # Who only reads must not wait for who writes: no transaction without need.
        if (version := _version(connection)) < SCHEMA_VERSION:
            if version:
                _rehearse(connection, file, version)
            _migrate(connection)
        yield connection


def _migrate(connection: sqlite3.Connection) -> None:
    """All steps in one transaction, from whichever version the ledger has."""
    with transaction(connection):
        version = _version(connection)  # another may have been first
        for added in _SCHEMA[version:]:
            for statement in _statements(added):
                connection.execute(statement)
        connection.execute(f"pragma application_id = {_APPLICATION_ID}")
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")


def _rehearse(connection: sqlite3.Connection, file: Path, version: int) -> None:
    """Migrate a copy first; the ledger itself is touched only if that went well. Its state of
    before stays beside it as `alerts.version-<n>.sqlite`, to go back to.

    Not by putting the migrated copy in its place: another process may have the ledger open.
    Raises LedgerError.
    """
    kept = file.with_name(f"{file.stem}.version-{version}.sqlite")
    draft = file.with_name(f".{kept.name}.{os.getpid()}.new")
    try:
        draft.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            connection.backup(copy)
        sync(draft)
        draft.replace(kept)
        sync(kept.parent)
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as trial:
            connection.backup(trial)
            _migrate(trial)
            said = trial.execute("pragma integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and is_of_disk(error):
            raise
        said = str(error)
    finally:
        draft.unlink(missing_ok=True)
    if said != "ok":
        raise LedgerError(
            f"{file} is of an older Koers (ledger version {version}) and cannot be brought to "
            f"version {SCHEMA_VERSION}: {said}. Nothing was changed. Restore a backup of it."
        )


@contextlib.contextmanager
def _disk_told(file: Path) -> Iterator[None]:
    """What the disk refuses is said to people."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if not is_of_disk(error):
            raise
        raise LedgerError(
            f"The alert ledger cannot be used: {refused(file, error)} What it held before stands."
        ) from error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; one writer at a time (others wait up to 30 s)."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk has rolled it back itself
            connection.execute("rollback")
        raise


def was_evaluated(file: Path, publication_id: str) -> bool:
    """Whether this publication, or a later one, was judged before. Cheap: for a sensor that looks
    every minute."""
    if not file.exists():
        return False
    with open_ledger(file) as connection:
        found = connection.execute(
            "select 1 from evaluations where publication_id >= ?", [publication_id]
        ).fetchone()
    return found is not None


def last_evaluation(file: Path) -> tuple[str, dt.datetime] | None:
    """Which publication was judged last, and when (UTC); None before the first."""
    if not file.exists():
        return None
    with open_ledger(file) as connection:
        row = connection.execute(
            "select publication_id, evaluated_at from evaluations"
            " order by evaluated_at desc limit 1"
        ).fetchone()
    return (row[0], dt.datetime.fromisoformat(row[1])) if row else None


def open_alerts(file: Path) -> int:
    """How many alerts have fired and are not over, acknowledged ones too."""
    if not file.exists():
        return 0
    raised = ", ".join(f"'{state}'" for state in RAISED)
    missing = ", ".join(f"'{state}'" for state in MISSING)
    with open_ledger(file) as connection:
        row = connection.execute(
            f"select count(*) from alert_events where (state in ({raised}) or (state in ({missing})"
            f" and json_extract(detail, '$.at.held') in ({raised}))) and event_id in"
            " (select max(event_id) from alert_events group by kpi, org_unit_id, kind)"
        ).fetchone()
    return int(row[0])


def published_events(file: Path) -> list[tuple[Any, ...]]:
    """The rows of `fct_alert_events`: every transition, its deliveries under `deliveries` in
    `detail`. The order of the columns is that of `publication_build.ALERT_EVENT_COLUMNS`."""
    if not file.exists():
        return []
    with open_ledger(file) as connection:
        deliveries: dict[str, list[dict[str, Any]]] = {}
        for message in connection.execute(
            "select owner, channel, sent_at, attempts, dedup_keys from outbox order by message_id"
        ):
            said = {key: message[key] for key in ("owner", "channel", "sent_at", "attempts")}
            for dedup_key in json.loads(message["dedup_keys"]):
                deliveries.setdefault(dedup_key, []).append(said)
        events = connection.execute(
            "select alert_id, kpi, org_unit_id, kind, state, occurred_at, period_start, "
            "publication_id, dedup_key, detail from alert_events order by event_id"
        ).fetchall()
    rows = []
    for event in events:
        detail = json.loads(event["detail"])
        detail["deliveries"] = deliveries.get(event["dedup_key"], [])
        row = dict(event)
        row["occurred_at"] = dt.datetime.fromisoformat(event["occurred_at"]).replace(tzinfo=None)
        row["period_start"] = dt.date.fromisoformat(event["period_start"])
        row["detail"] = json.dumps(detail, ensure_ascii=False)
        rows.append(tuple(row.values()))
    return rows


def _check(file: Path) -> None:
    """Look without writing: nothing of a newer Koers may be touched."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        ) as connection:
            version = connection.execute("pragma user_version").fetchone()[0]
            application = connection.execute("pragma application_id").fetchone()[0]
            tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_of_disk(error):
            raise
        raise LedgerError(
            f"{file} cannot be read as an alert ledger: {error}. The next `koers run` makes it "
            "again from what is whole and keeps the broken one; or restore a backup of it."
        ) from error
    if tables and application != _APPLICATION_ID:
        raise LedgerError(f"{file} is an SQLite file, but no alert ledger of Koers. Put it aside.")
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"{file} was written by a newer Koers (ledger version {version}; this Koers knows "
            f"{SCHEMA_VERSION}). Nothing was changed. Update Koers."
        )


def _statements(schema: str) -> Iterator[str]:
    """A schema, statement by statement: `executescript` would commit the transaction."""
    text = ""
    for line in schema.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
