"""What a home holds, in a form that two homes can be compared by: everything that must be the same
whether or not the nights that made it were disturbed, and nothing that only says when they were."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from connectors.core.landing import Landing
from pipelines import publishing
from pipelines.audiences import audiences
from pipelines.publication import current
from pipelines.said.recording import folder_of, state_query
from pipelines.settings import Home

_OF_THE_MOMENT = {"at", "known", "points"}
"""Of the detail of an alert's event: holds ids of publications, or when something was done."""

State = dict[str, Any]


def state_of(home: Home) -> State:
    """By part: what it holds."""
    return {
        "facts": _facts(home),
        "landing": _landing(home),
        "alerts": _alerts(home),
        "messages": _messages(home),
        "said": _said(home),
        "inbox": _inbox(home),
        "report": {name: _pages(home, name) for name in audiences(home)},
    }


def differences(found: State, expected: State) -> list[str]:
    """What is not as it should be, part by part."""
    return [
        f"{part}: {_told(found.get(part), expected[part])}"
        for part in expected
        if found.get(part) != expected[part]
    ]


def leftovers(home: Home) -> list[str]:
    """What a kill left behind and nothing took away: half-made files, runs that look alive, files
    in the inbox, publications that are not as they were made."""
    landing = Landing(home.landing)
    there = [*landing.incoming.iterdir()] if landing.incoming.exists() else []
    for pattern in (
        "published/*/.new-*",
        "published/*/*.wal",
        "published/*/snapshots/.building-*",
        "report/.made/*/.building-*",
        "report/.new-*",
        "warehouse/*.wal",
        "warehouse/quarantine/*",
        "state/said/*/.*",
    ):
        there.extend(home.root.glob(pattern))
    left = [str(path.relative_to(home.root)) for path in there]
    left.extend(publishing.verify(home))
    unfinished = dg.RunsFilter(
        statuses=[status for status in dg.DagsterRunStatus if not _is_over(status)]
    )
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        for run in instance.get_runs(unfinished):
            left.append(f"run {run.job_name} is {run.status.value}")
    return left


def _is_over(status: dg.DagsterRunStatus) -> bool:
    over = {
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
    }
    return status in over


def _facts(home: Home) -> State:
    """Hashes and rows of what each audience sees."""
    found = {}
    for name in audiences(home):
        there = current(home, name)
        if there is not None:
            rows = {table: n for table, n in there.tables.items() if table != "fct_alert_events"}
            found[name] = [there.facts_hash, there.dims_hash, rows]
    return found


def _landing(home: Home) -> State:
    """By stream: the latest record by id, over all committed loads."""
    landing, found = Landing(home.landing), {}
    query = (
        "select record_id, record, is_deleted from read_parquet(?) qualify row_number() over"
        " (partition by record_id order by updated_at desc nulls last, load_id desc) = 1 order by 1"
    )
    with duckdb.connect() as connection:
        for folder in sorted(home.landing.glob("[!.]*/[!.]*")):
            connector, stream = folder.parent.name, folder.name
            files = [str(file) for file in landing.parts(connector, stream)]
            rows = connection.execute(query, [files]).fetchall() if files else []
            newest = landing.newest(connector, stream)
            covers = newest.covers_until if newest is not None else None
            found[f"{connector}.{stream}"] = [covers, *rows]
    return found


def _alerts(home: Home) -> list[Any]:
    """Every transition, in order."""
    if not home.ledger.exists():
        return []
    with sqlite3.connect(home.ledger) as ledger:
        rows = ledger.execute(
            "select dedup_key, state, kpi, org_unit_id, kind, period_start, detail"
            " from alert_events order by dedup_key"
        ).fetchall()
    return [[*row, _lasting(json.loads(detail))] for *row, detail in rows]


def _lasting(detail: State) -> State:
    return {name: value for name, value in detail.items() if name not in _OF_THE_MOMENT}


def _messages(home: Home) -> list[Any]:
    """Every message by whom it is for and what it is about, and whether it was sent."""
    if not home.ledger.exists():
        return []
    with sqlite3.connect(home.ledger) as ledger:
        rows = ledger.execute(
            "select owner, channel, title, dedup_keys, sent_at is not null from outbox"
        ).fetchall()
    return sorted(map(list, rows))


def _said(home: Home) -> Counter[Any]:
    """What was said last of every period, whatever publication said it."""
    folder = folder_of(home)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select * exclude (publication_id, reasons) from ({state_query(folder, 'values')})"
        ).fetchall()
    return Counter(map(str, rows))


def _inbox(home: Home) -> list[str]:
    """Where each file is now, without the moment that the archive puts before its name."""
    return sorted(
        f"{'archive/' if 'archive' in file.parts else ''}{file.name.rpartition('__')[2]}"
        for file in _files(home.inbox)
    )


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("[!.]*") if file.is_file())


def _pages(home: Home, audience: str) -> list[str]:
    folder = (home.report / audience).resolve()
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.html"))


def _told(found: Any, expected: Any) -> str:
    """As short as can be."""
    if isinstance(expected, dict) and isinstance(found, dict):
        wrong = {k for k in {*found, *expected} if found.get(k) != expected.get(k)}
        return "; ".join(f"{k}: {_told(found.get(k), expected.get(k))}" for k in sorted(wrong)[:5])
    if isinstance(expected, list) and isinstance(found, list):
        more = [each for each in found if each not in expected][:3]
        less = [each for each in expected if each not in found][:3]
        return f"{len(found)} for {len(expected)}; more: {more}; less: {less}"[:1500]
    return f"{found!r} for {expected!r}"[:600]
