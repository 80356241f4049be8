"""How runs went: when the last one began, ended well or failed, and how long its parts took.

`state/run_times.json` holds it, for `koers doctor` and the metrics. Losing it loses no figure.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipelines import records
from pipelines.nightly import Runner
from pipelines.settings import Home


@dataclass
class RunTimes:
    """Moments are UTC. `seconds`: of each part of the last run that had it, such as
    `ingest/hubspot`, `transform`, `report`, `total`."""

    succeeded_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the last run ended well."""
        if self.succeeded_at is None:
            return False
        return self.failed_at is None or self.failed_at < self.succeeded_at


def last_times(home: Home) -> RunTimes:
    """As they were written down; empty before the first run."""
    content = records.read(home.state / "run_times.json")
    texts = {name: content.get(name) for name in ("succeeded_at", "failed_at")}
    moments = {
        name: dt.datetime.fromisoformat(text) if isinstance(text, str) else None
        for name, text in texts.items()
    }
    return RunTimes(seconds=dict(content.get("seconds") or {}), **moments)


@contextlib.contextmanager
def timed(home: Home) -> Iterator[RunTimes]:
    """Around a run: whether it ends well, and when, is written down. What the block adds to
    `seconds` goes with it. A run that finds another one busy did not take place."""
    from pipelines.lock import BusyError

    times, began = last_times(home), time.monotonic()
    try:
        yield times
    except BusyError:
        raise
    except BaseException:
        times.failed_at = dt.datetime.now(dt.UTC)
        _write(home, times)
        raise
    times.succeeded_at = dt.datetime.now(dt.UTC)
    times.seconds["total"] = round(time.monotonic() - began, 3)
    _write(home, times)


def _write(home: Home, times: RunTimes) -> None:
    content = {
        "succeeded_at": times.succeeded_at and times.succeeded_at.isoformat(),
        "failed_at": times.failed_at and times.failed_at.isoformat(),
        "seconds": times.seconds,
    }
    # A disk that is full must not hide the reason of the failure.
    with contextlib.suppress(OSError):
        records.write(home.state / "run_times.json", content)


@dataclass
class TimedRunner:
    """A runner whose parts are timed."""

    runner: Runner
    seconds: dict[str, float]

    def ingest(self, connector: str) -> str | None:
        with self._part(f"ingest/{connector}"):
            return self.runner.ingest(connector)

    def transform(self, *, full_refresh: bool) -> str | None:
        with self._part("transform"):
            return self.runner.transform(full_refresh=full_refresh)

    @contextlib.contextmanager
    def _part(self, name: str) -> Iterator[None]:
        with part(self.seconds, name):
            yield


@contextlib.contextmanager
def part(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Around a part of a run: how long it took."""
    began = time.monotonic()
    try:
        yield
    finally:
        seconds[name] = round(time.monotonic() - began, 3)


@contextlib.contextmanager
def timed_runner(
    runner: Callable[[], contextlib.AbstractContextManager[Runner]], seconds: dict[str, float]
) -> Iterator[TimedRunner]:
    """The runner that `nightly` opens, with its parts timed."""
    with runner() as opened:
        yield TimedRunner(opened, seconds)
