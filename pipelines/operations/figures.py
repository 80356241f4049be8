"""How a home stands, in figures for monitoring: gathered once, told as JSON and as metrics."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import duckdb

from connectors.core.discover import discover
from pipelines.audiences import audiences
from pipelines.course import standings
from pipelines.inputs import inbox_files
from pipelines.marts import columns_of
from pipelines.nights import last_run, overdue_since
from pipelines.operations.outbox import outbox
from pipelines.operations.run_times import RunTimes, last_times
from pipelines.passes import Pass, last_pass
from pipelines.publication import Publication, PublicationError, current, open_publication
from pipelines.records import last_run as last_run_record
from pipelines.records import read
from pipelines.settings import Home, SettingsError
from pipelines.watch.ledger import LedgerError, open_alerts


@dataclass(frozen=True)
class Figures:
    """Moments are UTC. `kpis`: how many KPIs of units stand how in their newest closed period, by
    layer and status. `publications`: by audience. `wrong`: what could not be read, in words."""

    at: dt.datetime
    last_run_at: dt.datetime | None
    overdue_since: dt.datetime | None
    failed_sources: tuple[str, ...]
    times: RunTimes
    passes: Mapping[str, Pass]
    waiting_files: int
    refused_files: int
    kpis: Mapping[tuple[str, str], int]
    open_alerts: int
    messages: int
    oldest_message: dt.timedelta
    publications: Mapping[str, Publication]
    data_until: dt.date | None
    disk_free: int
    disk_total: int
    wrong: tuple[str, ...] = field(default=())


def figures(home: Home, now: dt.datetime) -> Figures:
    """Gather them, at `now` (aware). What cannot be read is in `wrong`, and counts as none."""
    wrong: list[str] = []
    publications = _publications(home, wrong)
    kpis: Counter[tuple[str, str]] = Counter()
    until: dt.date | None = None
    if (management := publications.get("management")) is not None:
        try:
            with open_publication(management) as facts:
                kpis.update((each.layer, each.status) for each in standings(facts))
                if columns_of(facts, "fct_source_freshness"):
                    row = facts.execute(
                        "select max(covers_until) from fct_source_freshness"
                    ).fetchone()
                    until = row[0] if row else None
        except (PublicationError, duckdb.Error) as error:
            wrong.append(str(error))
    alerts = messages = 0
    oldest = dt.timedelta()
    try:
        alerts, waiting = open_alerts(home.ledger), outbox(home, now)
        messages, oldest = waiting.pending, waiting.oldest
    except (LedgerError, sqlite3.Error) as error:
        wrong.append(str(error))
    passes = {name: done for name in discover() if (done := last_pass(home, name)) is not None}
    inbox = inbox_files(home)
    there = next(path for path in (home.root, *home.root.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return Figures(
        at=now,
        last_run_at=last_run(home),
        overdue_since=overdue_since(home, now),
        failed_sources=tuple(read(last_run_record(home)).get("failed") or ()),
        times=last_times(home),
        passes=passes,
        waiting_files=sum(
            name != "mapping.yaml"
            for connector, files in inbox.items()
            if connector != "organisation"  # those stay there
            for name in files
        ),
        refused_files=sum(
            file.name in inbox.get(name, {}) for name, done in passes.items()
            for file in done.refused
        ),
        kpis=dict(kpis),
        open_alerts=alerts,
        messages=messages,
        oldest_message=oldest,
        publications=publications,
        data_until=until,
        disk_free=usage.free,
        disk_total=usage.total,
        wrong=tuple(wrong),
    )  # fmt: skip


def _publications(home: Home, wrong: list[str]) -> dict[str, Publication]:
    found = {}
    names = ["management"]
    with suppress(SettingsError):
        names = list(audiences(home))
    for name in names:
        try:
            if (publication := current(home, name)) is not None:
                found[name] = publication
        except PublicationError as error:
            wrong.append(str(error))
    return found
