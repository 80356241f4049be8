"""Tells the engineers when a run fails, through the outbox that carries the alerts.

Channels that name `data` among their owners get it; without such a channel the log is all there is.
Only the job and the step are told: the text of an error may hold what is not for a channel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings
from pipelines.watch.delivery import resting
from pipelines.watch.ledger import open_ledger, timestamp, transaction

OWNER = "data"


def tell_engineers(
    home: Home,
    settings: Settings,
    key: str,
    title: str,
    body: str,
    clock: Clock = utc_now,
    *,
    without: Collection[str] = (),
) -> int:
    """Queue a message once per `key` and channel, but over those in `without`; returns how many
    were queued now."""
    channels = [
        c.name for c in settings.alerts.channels if OWNER in c.owners and c.name not in without
    ]
    if not channels:
        return 0
    now = timestamp(clock())
    queued = 0
    with open_ledger(home.ledger) as connection, transaction(connection):
        for channel in channels:
            once = hashlib.sha256(f"{channel}\n{key}".encode()).hexdigest()[:24]
            queued += connection.execute(
                "insert into outbox (idempotency_key, publication_id, owner, channel, title, body,"
                " dedup_keys, created_at, next_attempt_at) values (?, '', ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (idempotency_key) do nothing",
                [once, OWNER, channel, title, body, json.dumps([key]), now, now],
            ).rowcount
    return queued


def due_messages(home: Home, settings: Settings, clock: Clock = utc_now) -> int:
    """How many messages could be sent now, over channels that have no quiet hours, and those of
    snoozes that have ended. Cheap: for a sensor that looks every minute."""
    if not home.ledger.exists():
        return 0
    now = clock()
    local = now.astimezone(settings.zone)
    rests_from, rests_until = resting(now)
    awake = [c.name for c in settings.alerts.channels if not c.is_quiet(local)]
    with open_ledger(home.ledger) as connection:
        row = connection.execute(
            "select (select count(*) from outbox where sent_at is null"
            " and not next_attempt_at between :rests_from and :rests_until"
            " and channel in (select value from json_each(:awake)))"
            " + (select count(*) from alert_events where state = 'snoozed'"
            " and json_extract(detail, '$.at.snoozed_until') <= :now and event_id in"
            " (select max(event_id) from alert_events group by kpi, org_unit_id, kind)"
            # Those that may be silenced are left to the nightly run, as are sources.
            " and kind <> 'stale_source'"
            " and not exists (select 1 from silences where since <= :now and until > :now))",
            {
                "now": timestamp(now),
                "rests_from": rests_from,
                "rests_until": rests_until,
                "awake": json.dumps(awake),
            },
        ).fetchone()
    return int(row[0])
