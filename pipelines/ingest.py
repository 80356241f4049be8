"""One pass over the inbox of one connector, recorded for the summary and for `koers status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass

from connectors.core.contract import Connector
from connectors.core.export import ingest_inbox
from pipelines import records
from pipelines.settings import Home, Settings


@dataclass(frozen=True)
class Load:
    """A load that was committed; its rows add up."""

    stream: str
    load_id: str
    read: int
    loaded: int
    rejected: int
    duplicate: int


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken; `stream` is None when it could not be told."""

    name: str
    stream: str | None
    reason: str


@dataclass(frozen=True)
class Pass:
    """What one pass did. `at` is UTC, ISO 8601."""

    connector: str
    at: str
    loads: tuple[Load, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def of(self, stream: str) -> tuple[Load, ...]:
        """The loads of a stream."""
        return tuple(load for load in self.loads if load.stream == stream)


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
    records.write(records.ingest_record(home, connector.name), asdict(done))
    return done


def last_pass(home: Home, connector: str) -> Pass | None:
    """The last pass as it was recorded; None before the first."""
    content = records.read(records.ingest_record(home, connector))
    if not content:
        return None
    return Pass(
        content["connector"],
        content["at"],
        tuple(Load(**load) for load in content["loads"]),
        tuple(Refusal(**refusal) for refusal in content["refused"]),
    )
