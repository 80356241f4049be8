"""Reads again what changed in a range of dates, for an API whose past is in doubt. The cursor stays
where it is, and records that are landed already change nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from connectors.core.api.account import is_pulled
from connectors.core.contract import Connector
from connectors.core.errors import CredentialsError
from connectors.core.outcome import PullOutcome
from pipelines.ingest import pull_account
from pipelines.settings import Home, Settings


def backfill(
    connector: Connector,
    home: Home,
    settings: Settings,
    *,
    first: dt.date,
    last: dt.date,
    now: dt.datetime,
    streams: Sequence[str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[PullOutcome]:
    """Pull what changed from the first day to the last, both included, in the business time zone.

    Raises CredentialsError where no account is configured, ValueError where the days are the wrong
    way round or a stream is unknown, and what `connectors.core.api.pull` raises.
    """
    if first > last:
        raise ValueError(f"{first} lies after {last}")
    if not is_pulled(connector):
        raise CredentialsError(
            f"{connector.name} is not configured: koers connect {connector.name}"
        )
    for name in streams or ():
        connector.stream(name)

    def midnight(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), settings.zone)

    window = (midnight(first), min(midnight(last + dt.timedelta(days=1)), now))
    return pull_account(
        connector, home, settings, now=now, streams=streams, window=window, progress=progress
    )
