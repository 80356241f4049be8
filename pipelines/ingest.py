"""One pass over a connector: the files in its inbox, then its API where an account is configured;
recorded for the summary and for `koers status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict

from connectors.core.api.account import is_pulled, open_account
from connectors.core.api.pull import pull
from connectors.core.contract import Connector
from connectors.core.disk import disk_told
from connectors.core.errors import SourceError
from connectors.core.export import ingest_inbox
from connectors.core.mapping import FILE_NAME, read_mapping
from connectors.core.outcome import PullOutcome
from pipelines.passes import Load, Pass, Refusal, Trouble, record_pass
from pipelines.settings import Home, Settings
from pipelines.watch.expecting import put_expected

Progress = Callable[[str], None]


class IngestFailedError(RuntimeError):
    """A connector's API could not be read to the end; what was read is landed."""


def ingest(
    connector: Connector,
    home: Home,
    settings: Settings,
    *,
    now: dt.datetime,
    end_date: dt.date | None = None,
    progress: Progress = lambda _: None,
) -> Pass:
    """Land what is new. `end_date` goes before the one of the settings; `now` is an aware time.
    What goes wrong with the API is told in the pass. Raises what `ingest_inbox` raises, and
    DiskError."""
    with disk_told(home.landing, "What was landed before stands; the next run lands the rest."):
        return _ingest(connector, home, settings, now, end_date or settings.end_date, progress)


def _ingest(
    connector: Connector,
    home: Home,
    settings: Settings,
    now: dt.datetime,
    end_date: dt.date | None,
    progress: Progress,
) -> Pass:
    if connector.name == "organisation":
        put_expected(home)
    files = ingest_inbox(
        connector,
        home.inbox,
        home.landing,
        now=now,
        time_zone=settings.time_zone,
        end_date=end_date,
        progress=progress,
    )
    pulled: list[PullOutcome] = []
    troubles: list[Trouble] = []
    if is_pulled(connector):
        try:
            pulled = pull_account(
                connector, home, settings, now=now, end_date=end_date, progress=progress
            )
        except SourceError as error:
            troubles.append(Trouble(None, str(error)))
    done = Pass(
        connector.name,
        now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        (
            *(
                Load(stream.stream, stream.load_id, **stream.counts)
                for stream in files.streams.values()
                if stream.load_id
            ),
            *(
                Load(outcome.stream, load.load_id, **asdict(load.counts))
                for outcome in pulled
                for load in outcome.loads
            ),
        ),
        tuple(Refusal(f.name, f.stream, f.refused) for f in files.files if f.refused),
        (
            *troubles,
            *(Trouble(each.stream, each.failed) for each in pulled if each.failed),
            *(Trouble(each.stream, each.left_out, False) for each in pulled if each.left_out),
            *(Trouble(each.stream, told, False) for each in pulled for told in each.notices),
        ),
        sum(each.requests for each in pulled),
        sum(each.retries for each in pulled),
    )
    record_pass(home, done)
    return done


def pull_account(
    connector: Connector,
    home: Home,
    settings: Settings,
    *,
    now: dt.datetime,
    end_date: dt.date | None = None,
    streams: Sequence[str] | None = None,
    window: tuple[dt.datetime, dt.datetime] | None = None,
    progress: Progress = lambda _: None,
) -> list[PullOutcome]:
    """Pull the streams of the account that the environment names; see `connectors.core.api.pull`.
    Raises SourceError."""
    mapping = read_mapping(home.inbox / connector.name / FILE_NAME, connector)
    with open_account(connector) as account:
        return pull(
            connector,
            home.landing,
            values=account.values,
            client=account.client,
            now=now,
            time_zone=settings.time_zone,
            end_date=end_date or settings.end_date,
            streams=streams,
            window=window,
            guards=mapping.guard,
            progress=progress,
        )
