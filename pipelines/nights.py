"""Whether the nightly run takes place: `koers run` writes down when it ended, whoever started it.

That it did not is told to the engineers by a sensor, so by a daemon that lives (also one that was
dead, as soon as it is up again), and by `koers status`. A dead daemon tells nobody: where that
matters, let another machine ask `koers status --json` for `overdue_since`.
"""

from __future__ import annotations

import contextlib
import datetime as dt

from pipelines import records
from pipelines.engineers import tell_engineers
from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings

LONGEST = dt.timedelta(hours=30)
"""Between the ends of two runs: a day, what they may wait for one another, and what they take."""


def write_down(home: Home, failed: list[str], clock: Clock = utc_now) -> None:
    """A run has ended: everything was done but what these connectors would have given."""
    at = clock().astimezone(dt.UTC).isoformat(timespec="seconds")
    records.write(records.last_run(home), {"at": at, "failed": failed})


def last_run(home: Home) -> dt.datetime | None:
    """When the last run that was not broken off ended (UTC); None before the first."""
    text = records.read(records.last_run(home)).get("at")
    with contextlib.suppress(ValueError):  # a record that is broken
        return dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    return None


def overdue_since(home: Home, now: dt.datetime) -> dt.datetime | None:
    """When a run should have ended at last (UTC) where none did, by `now` (aware); None where all
    is well, or nothing ever ran."""
    last = last_run(home)
    return last + LONGEST if last is not None and now > last + LONGEST else None


def tell_overdue(home: Home, settings: Settings, clock: Clock = utc_now) -> bool:
    """Tell the engineers once of each time that runs stay away; whether they do now."""
    last = last_run(home)
    if last is None or overdue_since(home, clock()) is None:
        return False
    local = f"{last.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    tell_engineers(
        home,
        settings,
        key=f"no-run/{last.isoformat()}",
        title="Koers: the nightly run did not take place",
        body=f"The last run ended on {local}. Figures and alerts are as they were then. "
        "Is the schedule every_night on in the Dagster UI (koers up)? Does a run fail or hang "
        "there? `koers run` does it by hand.",
        clock=clock,
    )
    return True
