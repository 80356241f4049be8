"""Pulls of fake vendors, and a look at what they leave in the landing."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.core.api.account import open_account
from connectors.core.api.pull import pull
from connectors.core.contract import Connector
from connectors.core.discover import discover
from connectors.core.guard import Guard
from connectors.core.landing import Landing
from connectors.core.outcome import PullOutcome
from pipelines.sandbox import Sandbox, Vendor, serve, vendors
from pipelines.sandbox.tables import Tables, sample_tables
from tests.api.later import LATER

CONNECTORS = {name: each for name, each in discover().items() if each.api is not None}


class FakeClock:
    """A clock that is moved on by sleeping, and tells for how long it slept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 1_000.0
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return dt.datetime(2026, 11, 24, tzinfo=dt.UTC) + dt.timedelta(seconds=self._now)

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            self.slept.append(seconds)


@functools.cache
def _sample() -> Tables:
    return sample_tables(dt.date(2026, 3, 31), months=8)


def small_tables(contacts: int = 1_200, others: int = 260) -> Tables:
    """The newest records of a small sample company, enough for several pages. The people and
    companies they name are all there."""
    found = _sample()
    kinds = {f.name: getattr(found, f.name) for f in fields(found)}
    # Half of the invitations to a survey have no answer, and not every tool knows of those.
    kinds["responses"] = [each for each in found.responses if each["responded_at"] is not None]
    newest = {
        kind: rows[-(contacts if kind == "contacts" else others) :]
        for kind, rows in kinds.items()
        if kind not in ("users", "companies")
    }
    return replace(found, **newest)


def of_vendor(vendor: Vendor, url: str) -> dict[str, str]:
    """The variables of a vendor's fake account, without limits that would make a test wait."""
    return {**vendor.environment(url), **vendor.quick}


@dataclass
class Account:
    """A fake account that is being served, and the landings that it is pulled into."""

    connector: Connector
    vendor: Vendor
    account: Any
    box: Sandbox
    folder: Path
    environment: dict[str, str]

    def pull(
        self,
        home: str = "home",
        *,
        later: dt.timedelta = LATER,
        now: dt.datetime | None = None,
        streams: Sequence[str] | None = None,
        clock: FakeClock | None = None,
        believed: bool = False,
        **options: Any,
    ) -> dict[str, PullOutcome]:
        """The outcomes of a pull, by stream. believed: also where much is gone."""
        if believed:
            options["guards"] = lambda _: Guard(smallest_share=0)
        with open_account(
            self.connector, environment=self.environment, clock=clock or FakeClock()
        ) as opened:
            found = pull(
                self.connector,
                self.folder / home / "landing",
                values=opened.values,
                client=opened.client,
                now=now or dt.datetime.now(dt.UTC) + later,
                streams=streams,
                **options,
            )
        return {each.stream: each for each in found}

    def state(self, home: str = "home") -> dict[str, dict[str, str]]:
        """The records that are there, by stream and id: what the models make of the landing."""
        return {
            stream.name: alive(
                Landing(self.folder / home / "landing"), self.connector.name, stream.name
            )
            for stream in self.connector.streams
            if stream.pull is not None
        }

    def is_swept(self, stream: str) -> bool:
        """Whether what vanishes from a stream without a word is found missing."""
        declared = self.connector.stream(stream)
        return declared.mode == "full" or bool(declared.pull and declared.pull.sweep)

    def lacks(self, what: str) -> None:
        """Skip a test of what this vendor cannot do, with the reason."""
        if what in self.vendor.lacks:
            pytest.skip(self.vendor.lacks[what])


@contextlib.contextmanager
def serving(
    name: str, folder: Path, tables: Tables | None = None, **made: Any
) -> Iterator[Account]:
    """A fake account of a connector, holding the tables."""
    vendor = vendors()[name]
    held = small_tables() if tables is None else tables
    if vendor.lately is not None:
        held = vendor.lately(held, dt.datetime.now(dt.UTC).date())
    account = vendor.account(held, **made)
    with serve(account) as box:
        environment = of_vendor(vendor, box.url)
        yield Account(CONNECTORS[name], vendor, account, box, folder, environment)


def alive(landing: Landing, connector: str, stream: str) -> dict[str, str]:
    """The latest record by id; of a stream that is read whole, those of its newest load."""
    declared = CONNECTORS[connector].stream(stream)
    parts = landing.parts(connector, stream)
    if declared.mode == "full":
        newest = landing.load_ids(connector, stream)[-1:]
        parts = [part for part in parts if part.parent.name.removeprefix("load=") in newest]
    if not parts:
        return {}
    with duckdb.connect() as db:
        rows = db.execute(
            """
            select record_id, record from (
                select * from read_parquet($parts) qualify row_number() over (
                    partition by record_id order by updated_at desc nulls last, load_id desc
                ) = 1
            ) where not is_deleted
            """,
            {"parts": [str(part) for part in parts]},
        ).fetchall()
    return dict(rows)


def failures(outcomes: Mapping[str, PullOutcome]) -> dict[str, str]:
    return {name: each.failed for name, each in outcomes.items() if each.failed}


def loaded(outcomes: Mapping[str, PullOutcome]) -> dict[str, int]:
    """How many rows each stream got, where it got any."""
    rows = {name: sum(load.counts.loaded for load in each.loads) for name, each in outcomes.items()}
    return {name: number for name, number in rows.items() if number}
