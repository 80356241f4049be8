"""One pass over the inbox of one connector, recorded for the summary and for `koers status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict

from connectors.core.contract import Connector
from connectors.core.export import IngestResult, ingest_inbox
from pipelines import records
from pipelines.settings import Home, Settings


def ingest(
    connector: Connector,
    home: Home,
    settings: Settings,
    *,
    now: dt.datetime,
    end_date: dt.date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestResult:
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
    records.write(
        records.ingest_record(home, connector.name),
        {"at": now.astimezone(dt.UTC).isoformat(timespec="seconds"), **asdict(result)},
    )
    return result
