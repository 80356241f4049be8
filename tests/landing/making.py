"""A small connector, its files, and a look at what was landed of them."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.export import IngestResult, ingest_inbox
from connectors.core.landing import Landing

NOW = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)

DEALS = Stream(
    name="deals",
    description="One row is one deal.",
    key=("deal_id",),
    updated_at="updated_at",
    activity="closed_on",
    fields=(
        Field("deal_id", headings=("Deal", "Nummer"), required=True),
        Field("amount", "decimal", headings=("Bedrag",), required=True),
        Field("closed_on", "date", headings=("Gesloten op",)),
        Field("contact", headings=("E-mail",), personal=True),
        Field("updated_at", "datetime", headings=("Gewijzigd",)),
    ),
)
VISITS = Stream(
    name="visits",
    description="One row is one visit; nothing says when it was changed.",
    key=("visit_id",),
    activity="visited_on",
    fields=(
        Field("visit_id", required=True),
        Field("visited_on", "date", required=True),
        Field("note"),
    ),
)
TOOL = Connector(
    name="tool",
    label="Tool",
    kind="crm",
    streams=(DEALS, VISITS),
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
)
UNITS = Stream(
    name="units",
    description="One row is one unit; a file holds all there are.",
    key=("unit_id",),
    mode="full",
    fields=(Field("unit_id", required=True), Field("title", required=True)),
)
LISTS = Connector(name="lists", label="Lists", kind="organisation", streams=(UNITS,))
SHEETS = Connector(
    name="sheets", label="Sheets", kind="organisation", streams=(UNITS,), keeps_files=True
)
HEADINGS = "Nummer;Bedrag;Gesloten op;E-mail;Gewijzigd"


def put(home: Path, connector: Connector, name: str, content: str | bytes, age: int = 60) -> Path:
    """A file in the inbox, written `age` seconds ago."""
    file = home / "inbox" / connector.name / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    then = file.stat().st_mtime - age
    os.utime(file, (then, then))
    return file


def csv(rows: Iterable[Sequence[object]], headings: str = HEADINGS) -> str:
    """Rows as a Dutch CSV file."""
    lines = [headings, *(";".join("" if c is None else str(c) for c in row) for row in rows)]
    return "\n".join(lines) + "\n"


def deal(number: object, amount: object = "1,00", updated: str | None = None) -> list[object]:
    return [number, amount, "03-02-2026", None, updated]


def ingest(home: Path, connector: Connector = TOOL, **options: Any) -> IngestResult:
    options = {"now": NOW, "settle_seconds": 0, **options}
    return ingest_inbox(connector, home / "inbox", home / "landing", **options)


def landed(home: Path, connector: Connector = TOOL, stream: str = "deals") -> dict[str, str]:
    """The latest record by id, over all loads: what the models make of them."""
    rows = _read(home, connector, stream, "part-*.parquet")
    if not rows:
        return {}
    with duckdb.connect() as db:
        return dict(
            db.execute(
                "select record_id, record from read_parquet(?) qualify row_number() over"
                " (partition by record_id order by updated_at desc nulls last, load_id desc) = 1",
                [rows],
            ).fetchall()
        )


def rejects(home: Path, connector: Connector = TOOL, stream: str = "deals") -> list[Any]:
    files = _read(home, connector, stream, "rejects-*.parquet")
    if not files:
        return []
    with duckdb.connect() as db:
        return db.execute(
            "select source_file, row_number, field, value, reason, record from read_parquet(?)"
            " order by all",
            [files],
        ).fetchall()


def counts(result: IngestResult, stream: str = "deals") -> tuple[int, int, int, int]:
    """read, loaded, rejected, duplicate"""
    found = result.streams[stream].counts
    return (found["read"], found["loaded"], found["rejected"], found["duplicate"])


def leftovers(home: Path) -> list[Path]:
    """What a crash left where nothing should be."""
    incoming = Landing(home / "landing").incoming
    return [*incoming.iterdir()] if incoming.exists() else []


def _read(home: Path, connector: Connector, stream: str, pattern: str) -> list[str]:
    folder = home / "landing" / connector.name / stream
    return [str(file) for file in sorted(folder.glob(f"load=*/{pattern}"))]
