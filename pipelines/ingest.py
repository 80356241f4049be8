"""One pass over the inbox of one connector, recorded for the summary and for `koers status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from connectors.core.contract import Connector
from connectors.core.export import ingest_inbox
from pipelines.passes import Load, Pass, Refusal, record_pass
from pipelines.settings import Home, Settings


def ingest(
    connector: Connector,
    home: Home,
    settings: Settings,
    *,
    now: dt.datetime,
    end_date: dt.date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Pass:
    """Land what lies in the connector's inbox. `end_date` goes before the one of the settings;
    `now` is an aware time. Raises what `ingest_inbox` raises."""
    result = ingest_inbox(
        connector,
        home.inbox,
        home.landing,
        now=now,
        time_zone=settings.time_zone,
        end_date=end_date or settings.end_date,
        progress=progress,
    )
    done = Pass(
        connector.name,
        now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        tuple(
            Load(stream.stream, stream.load_id, **stream.counts)
            for stream in result.streams.values()
            if stream.load_id
        ),
        tuple(Refusal(f.name, f.stream, f.refused) for f in result.files if f.refused),
    )
    record_pass(home, done)
    return done
