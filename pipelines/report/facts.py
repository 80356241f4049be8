"""What a report tells, read from the publication of its audience and from nothing else.

The figures of every KPI at its own cadence: those of the newest closed period and the one before
for all units at once, and the course of a KPI when its pages are made. Units that only hold what
could not be attributed are left out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import duckdb

from pipelines.course import LAYERS
from pipelines.marts import columns_of
from pipelines.watch.formats import label

PERIODS = {"day": 92, "week": 78, "month": 36, "quarter": 20, "year": 10}
"""How far a course goes back, by cadence."""

SMART = ("specific", "measurable", "accepted", "realistic", "time_bound")

State = Literal[
    "on_course", "off_course", "no_target", "not_judged", "no_data", "hidden", "open", "partial"
]
"""Of one period. not_judged: this audience may not see its target; hidden: nor its figure; partial:
closed, but the data do not cover all of it."""

_COLUMNS = (
    "kpi", "org_unit_id", "period_start", "period_end", "numerator", "denominator", "kpi_value",
    "sample_size", "target", "band_lower", "band_upper", "process_band_lower",
    "process_band_centre", "process_band_upper", "status", "process_status", "deviation", "streak",
    "known_event", "data_as_of", "is_closed", "is_complete", "suppression",
)  # fmt: skip

_AT_CADENCE = """
select status.*
from fct_kpi_status as status
inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
inner join dim_org_unit as unit on status.org_unit_id = unit.org_unit_id
where not unit.is_unassigned
"""

_NEWEST = f"""
with

at_cadence as ({_AT_CADENCE}),

periods as (
    select kpi, period_start, row_number() over (partition by kpi order by period_start desc) as age
    from (
        select distinct kpi, period_start
        from at_cadence
        where is_closed and (is_complete or is_suppressed)
    ) as closed
)

select periods.age, {", ".join(f"at_cadence.{name}" for name in _COLUMNS)}
from at_cadence
inner join periods using (kpi, period_start)
where periods.age <= 2
"""

# No join with dim_kpi: so only the part of the file that holds this KPI at this grain is read.
_COURSE = f"""
with at_cadence as (
    select status.*
    from fct_kpi_status as status
    inner join dim_org_unit as unit on status.org_unit_id = unit.org_unit_id
    where
        not unit.is_unassigned
        and status.kpi = $kpi
        and status.grain = $cadence
        and ($layer is null or unit.layer = $layer)
)

select {", ".join(_COLUMNS)}
from at_cadence
where period_start in (
    select distinct period_start from at_cadence order by period_start desc limit $periods
)
order by org_unit_id, period_start
"""

_MOVES = """
select
    moved.org_unit_id,
    moved.comparison,
    moved.contributor_type,
    moved.compared_with,
    moved.contributor,
    coalesce(units.name, moved.contributor) as name,
    moved.effect,
    moved.contribution::double as contribution,
    moved.change_total::double as change_total
from fct_kpi_contributions as moved
left join dim_org_unit as units
    on moved.contributor_type = 'child_unit' and moved.contributor = units.org_unit_id
where moved.kpi = $kpi and moved.grain = $cadence and moved.period_start = $period_start
order by all
"""


@dataclass(frozen=True)
class Kpi:
    """A row of dim_kpi. label, description: by language. unit: of its value, as dim_kpi says."""

    kpi: str
    label: dict[str, str]
    description: dict[str, str]
    home_layer: str
    owner: str
    unit: str
    direction: str
    cadence: str
    metric_type: str
    numerator: str | None
    denominator: str | None
    drivers: tuple[str, ...]
    driver_relation: str | None
    sources: tuple[str, ...]
    smart: dict[str, str]
    review_date: dt.date | None
    definition_version: str | None


@dataclass(frozen=True)
class Unit:
    """A row of dim_org_unit."""

    org_unit_id: str
    layer: str
    name: str
    parent_id: str | None
    owner: str | None
    is_unassigned: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A KPI of a unit in one period, as fct_kpi_status has it; percent is a fraction."""

    kpi: str
    org_unit_id: str
    period_start: dt.date
    period_end: dt.date
    numerator: float | None
    denominator: float | None
    kpi_value: float | None
    sample_size: int | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    process_lower: float | None
    process_centre: float | None
    process_upper: float | None
    status: str | None
    process_status: str | None
    deviation: float | None
    streak: int | None
    known_event: str | None
    data_as_of: dt.date | None
    is_closed: bool
    is_complete: bool | None
    suppression: str | None

    @property
    def state(self) -> State:
        if self.suppression is not None:
            return "hidden"
        if not self.is_closed:
            return "open"
        if self.kpi_value is None:
            return "no_data"
        if not self.is_complete:
            return "partial"
        if self.status in ("on_course", "off_course", "no_target"):
            return self.status  # type: ignore[return-value]
        return "not_judged"

    @property
    def is_judged(self) -> bool:
        return self.state in ("on_course", "off_course")

    @property
    def is_unusual(self) -> bool:
        return self.state in ("on_course", "off_course", "no_target", "not_judged") and (
            self.process_status == "drifting"
        )


@dataclass(frozen=True, slots=True)
class Move:
    """What one contributor did to a change, in the unit of the KPI."""

    contributor: str
    name: str
    effect: str
    contribution: float


@dataclass(frozen=True, slots=True)
class Moves:
    """Everything that makes up one change: they add up to `change`."""

    comparison: str
    contributor_type: str
    compared_with: dt.date | None
    change: float
    moves: tuple[Move, ...]


class Facts:
    """An open publication, read as pages need it. Raises duckdb.Error where it is no publication of
    this Koers."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.kpis = {kpi.kpi: kpi for kpi in map(_kpi, _rows(connection, "dim_kpi"))}
        units = [_unit(row) for row in _rows(connection, "dim_org_unit")]
        units.sort(key=lambda each: (LAYERS.index(each.layer), each.name, each.org_unit_id))
        self.units = {each.org_unit_id: each for each in units if not each.is_unassigned}
        self.newest: dict[tuple[str, str], Figure] = {}
        self.before: dict[tuple[str, str], Figure] = {}
        for age, *cells in connection.execute(_NEWEST).fetchall():
            figure = _figure(cells)
            into = self.newest if age == 1 else self.before
            into[figure.kpi, figure.org_unit_id] = figure
        self._by_kpi: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in self.newest.values():
            self._by_kpi[figure.kpi].append(figure)
        self._moves: dict[str, dict[str, list[Moves]]] = {}
        self._has_moves = bool(columns_of(connection, "fct_kpi_contributions"))

    @property
    def layers(self) -> list[str]:
        """Those that have units, from the top."""
        return [x for x in LAYERS if any(unit.layer == x for unit in self.units.values())]

    def in_layer(self, layer: str) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.layer == layer]

    def children(self, org_unit_id: str) -> list[Unit]:
        """Right below a unit, as the organisation is now."""
        return [unit for unit in self.units.values() if unit.parent_id == org_unit_id]

    def of_kpi(self, kpi: str) -> list[Figure]:
        """The newest closed period of every unit."""
        return self._by_kpi.get(kpi, [])

    def headline(self, kpi: str) -> Figure | None:
        """The figure that stands for a KPI: of the highest unit that has a target, else of the
        highest that has a value."""
        known = [f for f in self.of_kpi(kpi) if f.org_unit_id in self.units]
        for wanted in (
            [f for f in known if f.target is not None],
            [f for f in known if f.kpi_value is not None],
            known,
        ):
            if wanted:
                return min(wanted, key=lambda f: (self.rank(f.org_unit_id), f.org_unit_id))
        return None

    def rank(self, org_unit_id: str) -> int:
        return LAYERS.index(self.units[org_unit_id].layer)

    @cached_property
    def at_the_top(self) -> dict[str, dict[str, list[Figure]]]:
        """By KPI and unit, the courses of the units of the first layer."""
        layer = next(iter(self.layers), None)
        return {kpi: self.courses(kpi, layer) for kpi in self.kpis}

    def courses(self, kpi: str, layer: str | None = None) -> dict[str, list[Figure]]:
        """The periods of a KPI, oldest first, by unit; of all units, or of those of a layer."""
        cadence = self.kpis[kpi].cadence
        asked = {"kpi": kpi, "cadence": cadence, "layer": layer, "periods": PERIODS[cadence]}
        found: defaultdict[str, list[Figure]] = defaultdict(list)
        for cells in self.connection.execute(_COURSE, asked).fetchall():
            figure = _figure(cells)
            found[figure.org_unit_id].append(figure)
        return dict(found)

    def moves(self, kpi: str) -> dict[str, list[Moves]]:
        """What moved a KPI in its newest closed period, by unit."""
        if kpi in self._moves:
            return self._moves[kpi]
        newest = next(iter(self.of_kpi(kpi)), None)
        if newest is None or not self._has_moves:
            return {}
        groups: defaultdict[tuple[Any, ...], list[Move]] = defaultdict(list)
        changes: dict[tuple[Any, ...], float] = {}
        cadence = self.kpis[kpi].cadence
        asked = {"kpi": kpi, "cadence": cadence, "period_start": newest.period_start}
        for row in self.connection.execute(_MOVES, asked).fetchall():
            key, move, change = row[:4], Move(*row[4:8]), row[8]
            groups[key].append(move)
            changes[key] = change
        found: defaultdict[str, list[Moves]] = defaultdict(list)
        for key, moves in groups.items():
            unit, comparison, contributor_type, compared_with = key
            made = Moves(comparison, contributor_type, compared_with, changes[key], tuple(moves))
            found[unit].append(made)
        self._moves[kpi] = dict(found)
        return self._moves[kpi]

    def freshness(self) -> list[dict[str, Any]]:
        """fct_source_freshness, with what was read of each stream where that may be told."""
        rows = _rows(self.connection, "fct_source_freshness")
        quality: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for row in _rows(self.connection, "fct_data_quality"):
            sums = quality[row["connector"], row["stream"]]
            for name in ("rows_read", "rows_loaded", "rows_rejected", "rows_quarantined"):
                sums[name] = sums.get(name, 0) + int(row.get(name) or 0)
        rows.sort(key=lambda row: (row["connector"], row["stream"]))
        return [{**row, **quality.get((row["connector"], row["stream"]), {})} for row in rows]

    @cached_property
    def covers_until(self) -> dict[str, dt.date]:
        """By connector, the last day that its data cover."""
        found: dict[str, dt.date] = {}
        for row in _rows(self.connection, "fct_source_freshness"):
            if (until := row["covers_until"]) is not None:
                found[row["connector"]] = max(until, found.get(row["connector"], until))
        return found


def last_closed(course: Sequence[Figure]) -> Figure | None:
    """The newest closed period of a course that tells something; None of an empty one."""
    for figure in reversed(course):
        if figure.state not in ("open", "partial"):
            return figure
    return course[-1] if course else None


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    if not columns_of(connection, table):
        return []
    cursor = connection.execute(f"select * from {table} order by all")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, cells, strict=True)) for cells in cursor.fetchall()]


def _kpi(row: dict[str, Any]) -> Kpi:
    def names(text: str | None) -> tuple[str, ...]:
        return tuple(text.split(", ")) if text else ()

    return Kpi(
        kpi=row["kpi"],
        label={"nl": label(row["label_nl"]), "en": label(row["label_en"])},
        description={each: row.get(f"description_{each}") or "" for each in ("nl", "en")},
        home_layer=row["home_layer"],
        owner=label(row["owner"] or "-"),
        unit=row["unit"],
        direction=row["direction"],
        cadence=row["cadence"],
        metric_type=row.get("metric_type") or "",
        numerator=row.get("numerator"),
        denominator=row.get("denominator"),
        drivers=names(row.get("drivers")),
        driver_relation=row.get("driver_relation"),
        sources=names(row.get("sources")),
        smart={name: row.get(f"smart_{name}") or "" for name in SMART},
        review_date=row.get("review_date"),
        definition_version=row.get("definition_version"),
    )


def _unit(row: dict[str, Any]) -> Unit:
    return Unit(
        row["org_unit_id"],
        row["layer"],
        label(row["name"] or row["org_unit_id"]),
        row["parent_id"],
        label(row["owner"]) if row["owner"] else None,
        bool(row["is_unassigned"]),
    )


def _figure(cells: Sequence[Any]) -> Figure:
    return Figure(*cells)
