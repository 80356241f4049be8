"""The line from the inbox to a publication, called step by step."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from connectors.core.discover import discover
from connectors.core.export import IngestResult, ingest_inbox
from pipelines.publication import publish
from pipelines.settings import Home, settings
from tests.line.building import dbt

NOW = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)


def write(folder: Path, name: str, text: str) -> None:
    """An export file; the lines of `text` may be indented."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line.strip() for line in text.strip().splitlines()]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def ingest(home: Home, now: dt.datetime = NOW) -> dict[str, IngestResult]:
    """Land everything in the inbox of a home."""
    chosen = settings(home)
    return {
        name: ingest_inbox(
            connector,
            home.inbox,
            home.landing,
            now=now,
            time_zone=chosen.time_zone,
            end_date=chosen.end_date,
        )
        for name, connector in discover().items()
    }


def build(home: Home, *, full_refresh: bool = False) -> str:
    """dbt build, tests and all, then publish; what dbt said."""
    arguments = ["build", *(["--full-refresh"] if full_refresh else [])]
    said = dbt(arguments, home)
    publish(home.warehouse, home, run_id="test", keep=2)
    return said
