"""What a publication says of itself, for who opens the file: which it is, of when, and how fresh
the judgement of its alerts is. A file that stays behind is told by its own date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

NAME = "dim_publication"
ABOUT = "One row: this publication."
COLUMNS = {
    "publication_id": ("varchar", "Names the publication; later ones sort after it."),
    "audience": ("varchar", "Whom it was made for."),
    "published_at": ("timestamp", "When it was made, in UTC."),
    "alerts_evaluated_at": (
        "timestamp",
        "When alerts were last judged before it was made, in UTC: each publication is judged once"
        " it is there. Much older than published_at, alerts stand still.",
    ),
    "alerts_evaluated_for": ("varchar", "The publication that was judged then."),
}


@dataclass(frozen=True)
class About:
    """published_at: aware. evaluated: which publication was judged last before this one, and when
    (aware)."""

    publication_id: str
    audience: str
    published_at: dt.datetime
    evaluated: tuple[str, dt.datetime] | None = None


def write_about(connection: duckdb.DuckDBPyConnection, about: About) -> str:
    """Write it into the attached database `published`; the name of the table."""
    table = f"published.main.{NAME}"
    fields = ", ".join(f"{name} {data_type}" for name, (data_type, _) in COLUMNS.items())
    evaluated_for, evaluated_at = about.evaluated or (None, None)
    connection.execute(f"create table {table} ({fields})")
    connection.execute(
        f"insert into {table} values (?, ?, ?, ?, ?)",
        [
            about.publication_id,
            about.audience,
            _utc(about.published_at),
            evaluated_at and _utc(evaluated_at),
            evaluated_for,
        ],
    )
    connection.execute(f"comment on table {table} is '{ABOUT}'")
    for name, (_, comment) in COLUMNS.items():
        connection.execute(f"comment on column {table}.{name} is '{comment}'")
    return NAME


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
