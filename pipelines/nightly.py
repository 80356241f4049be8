"""One nightly run, step by step: ingest, build, publish, watch, deliver.

A connector that fails is named and does not stop the others; the facts of the other sources are
built all the same.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.core.discover import discover
from connectors.core.export import IngestResult, MappingError, UnusableKeyError
from connectors.core.landing import LandingError
from pipelines.dbt import run_dbt
from pipelines.ingest import ingest
from pipelines.lock import held
from pipelines.publication import Publication, publish
from pipelines.settings import Home, Settings
from pipelines.watch.delivery import deliver
from pipelines.watch.watching import WatchResult, watch


@dataclass
class NightlyResult:
    """What a run did. `failed` maps a connector to what went wrong; without any load there is no
    publication."""

    ingested: dict[str, IngestResult] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    publication: Publication | None = None
    watched: WatchResult | None = None
    sent: int = 0


def nightly(
    home: Home,
    settings: Settings,
    *,
    now: dt.datetime,
    full_refresh: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> NightlyResult:
    """Run once. `now` is aware. Raises BusyError when a run is going on, and DbtError,
    PublicationError or LedgerError when the build, the publication or the watch fails."""
    result = NightlyResult()
    with held(home.run_lock, "koers run"):
        for name, connector in discover().items():
            try:
                result.ingested[name] = ingest(
                    connector, home, settings, now=now, progress=progress
                )
            except (MappingError, UnusableKeyError, LandingError, OSError) as error:
                result.failed[name] = str(error)
        if not any(home.landing.glob("*/*/load=*")):
            return result
        progress("dbt: building the facts and testing them")
        run_dbt(["build", *(["--full-refresh"] if full_refresh else [])], home, settings)
        progress("publishing")
        result.publication = publish(
            home.warehouse, home, run_id=uuid.uuid4().hex, keep=settings.keep_publications
        )
        channels = settings.alerts.channels
        result.watched = watch(
            result.publication,
            home.ledger,
            channels,
            language=settings.alerts.language,
            currency=settings.currency,
        )
        result.sent = deliver(home.ledger, channels).sent
    return result
