"""The watch as a run calls it: with the home's settings, at this moment."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Collection

from pipelines.publication import PublicationError, current, utc_now
from pipelines.settings import Home, Settings
from pipelines.watch.digest.making import make_due
from pipelines.watch.links import linking
from pipelines.watch.outcomes import tell_outcomes
from pipelines.watch.sources import watch_sources
from pipelines.watch.watching import remind

_log = logging.getLogger(__name__)


def watch_sources_now(home: Home, settings: Settings, pulled: Collection[str]) -> None:
    """Also on a night without anything new: that is how a dead source looks. Where the data have an
    end date, they are of a history that has stopped."""
    if settings.end_date is not None:
        return
    with contextlib.suppress(PublicationError):
        if (publication := current(home)) is not None:
            today = dt.datetime.now(settings.zone).date()
            watch_sources(publication, home.ledger, settings.alerts, today=today, pulled=pulled)


def remind_now(home: Home, settings: Settings) -> int:
    """Tell what is due to be told again, and what came after the actions that are over; how many
    alerts."""
    alerts = settings.alerts
    days = alerts.escalate_after_days
    publication = None
    with contextlib.suppress(PublicationError):
        publication = current(home)
    told = remind(
        home.ledger,
        alerts.channels,
        language=alerts.language,
        languages=alerts.languages,
        currency=settings.currency,
        escalate_after=None if days is None else dt.timedelta(days=days),
        publication=publication,
        links=linking(home, settings, utc_now()),
    )
    if publication is not None:
        with contextlib.suppress(PublicationError):  # pruned since: the next look tells
            tell_outcomes(
                publication,
                home.ledger,
                alerts.channels,
                today=dt.datetime.now(settings.zone).date(),
                language=alerts.language,
                languages=alerts.languages,
                currency=settings.currency,
            )
    return told


def digest_now(home: Home, settings: Settings) -> int:
    """Make the digests that are due, for where no daemon does; how many messages. One that cannot
    be made holds up nothing else."""
    try:
        return make_due(home, settings)
    except PublicationError as error:
        _log.warning("%s", error)
        return 0
