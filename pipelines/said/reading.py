"""What was said on a day, and what changed since."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publication import ID_FORMAT
from pipelines.publication_build import connect
from pipelines.said.changes import KEY, SAID
from pipelines.said.parts import queried
from pipelines.said.recording import SaidError, recorded, state_query


@dataclass(frozen=True)
class Figure:
    """A period of a KPI of a unit as it was said."""

    period_start: dt.date
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    status: str
    is_closed: bool


@dataclass(frozen=True)
class Change:
    """What one publication said differently about one period; `before` and `now` are None where
    nothing was said. `said_at` is UTC."""

    publication_id: str
    said_at: dt.datetime
    reasons: tuple[str, ...]
    before: Figure | None
    now: Figure | None

    @property
    def period_start(self) -> dt.date:
        figure = self.now or self.before
        assert figure is not None  # noqa: S101 # nosec B101 - one of the two is there
        return figure.period_start


@dataclass(frozen=True)
class Redefinition:
    """What one publication said differently about a definition: by field, before and now. All
    fields are None before the first."""

    publication_id: str
    said_at: dt.datetime
    fields: dict[str, tuple[Any, Any]]


_FIGURE = "period_start, kpi_value, target, band_lower, band_upper, status, is_closed"


def newest_until(folder: Path, moment: dt.datetime) -> str | None:
    """The publication that was the newest at a moment; None before the first."""
    last = moment.astimezone(dt.UTC).strftime(ID_FORMAT)
    return max((each for each in recorded(folder) if each <= last), default=None)


def said_on(
    folder: Path, kpi: str, org_unit_id: str, grain: str, publication_id: str
) -> list[Figure]:
    """Every period of a KPI of a unit as a publication said it, oldest first. Raises SaidError."""
    rows = _rows(
        folder,
        f"select {_FIGURE} from ({state_query(folder, 'values', publication_id)}) as said "
        "where kpi = ? and org_unit_id = ? and grain = ? order by period_start",
        [kpi, org_unit_id, grain],
    )
    return [Figure(*row) for row in rows]


def said_then(
    folder: Path, kpi: str, org_unit_id: str, grain: str, moment: dt.datetime
) -> list[Figure]:
    """The same at a moment (aware); nothing before the first publication."""
    newest = newest_until(folder, moment)
    return said_on(folder, kpi, org_unit_id, grain, newest) if newest else []


def all_said(folder: Path, publication_id: str) -> list[tuple[Any, ...]]:
    """All rows as a publication said them: the key, then the columns of `SAID`, in order of key."""
    columns = ", ".join((*KEY, *SAID))
    query = state_query(folder, "values", publication_id)
    return _rows(folder, f"select {columns} from ({query}) as said order by {', '.join(KEY)}", [])


def changes(folder: Path, kpi: str, org_unit_id: str, grain: str) -> list[Change]:
    """All that was ever said of a KPI of a unit, in the order in which it was said."""
    if not recorded(folder):
        return []
    before = ", ".join(f"lag({name}) over said" for name in _FIGURE.split(", "))
    rows = _rows(
        folder,
        f"""
        select publication_id, reasons, is_gone, lag(is_gone, 1, true) over said, {_FIGURE},
            {before}
        from {queried(folder, "values")}
        where kpi = ? and org_unit_id = ? and grain = ?
        window said as (partition by period_start order by publication_id)
        order by publication_id, period_start
        """,
        [kpi, org_unit_id, grain],
    )
    found = []
    for publication_id, reasons, is_gone, was_gone, *figures in rows:
        now, earlier = figures[:7], figures[7:]
        found.append(
            Change(
                publication_id,
                _moment(publication_id),
                tuple(reasons.split(", ")),
                None if was_gone else Figure(*earlier),
                None if is_gone else Figure(*now),
            )
        )
    return found


def redefinitions(folder: Path, kpi: str) -> list[Redefinition]:
    """How a KPI was defined, and what changed in it, in the order in which it was published."""
    if not recorded(folder):
        return []
    rows = _rows(
        folder,
        "select publication_id, definition from "
        f"{queried(folder, 'kpis')} where kpi = ? order by publication_id",
        [kpi],
    )
    found = []
    before: dict[str, Any] = {}
    for publication_id, text in rows:
        now: dict[str, Any] = json.loads(text) if text else {}
        fields = {
            name: (before.get(name), now.get(name))
            for name in {**before, **now}
            if before.get(name) != now.get(name)
        }
        found.append(Redefinition(publication_id, _moment(publication_id), fields))
        before = now
    return found


def definition_on(folder: Path, kpi: str, publication_id: str) -> dict[str, Any] | None:
    """The row of dim_kpi as a publication said it; None where it said nothing, or was not recorded.
    Raises SaidError."""
    rows = _rows(
        folder,
        f"select definition from ({state_query(folder, 'kpis', publication_id)}) as said "
        "where kpi = ?",
        [kpi],
    )
    definition: dict[str, Any] | None = json.loads(rows[0][0]) if rows else None
    return definition


def definition_in(facts: duckdb.DuckDBPyConnection, kpi: str) -> dict[str, Any]:
    """The same of an open publication; empty where it has no such KPI."""
    row = facts.execute(
        "select cast(to_json(kpis) as varchar) from dim_kpi as kpis where kpi = ?", [kpi]
    ).fetchone()
    definition: dict[str, Any] = json.loads(row[0]) if row else {}
    return definition


def _moment(publication_id: str) -> dt.datetime:
    return dt.datetime.strptime(publication_id, ID_FORMAT).replace(tzinfo=dt.UTC)


def _rows(folder: Path, query: str, values: list[str]) -> list[tuple[Any, ...]]:
    try:
        with connect() as connection:
            return connection.execute(query, values).fetchall()
    except duckdb.Error as error:
        raise SaidError(
            f"{folder} cannot be read: {error}. Put the file back from a backup."
        ) from error
