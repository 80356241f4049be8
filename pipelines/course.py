"""Where every KPI stands, read from a publication: the newest closed period at its own cadence."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.watch.formats import period, value

LAYERS = ("organisation", "department", "team", "project", "individual")

_NEWEST = """
with

closed as (
    select status.*
    from fct_kpi_status as status
    inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
    where status.is_closed and status.is_complete
),

newest as (select kpi, max(period_start) as period_start from closed group by kpi)

select
    closed.kpi,
    kpis.label_en,
    kpis.unit,
    kpis.home_layer,
    closed.org_unit_id,
    units.name,
    units.layer,
    closed.grain,
    closed.period_start,
    closed.kpi_value,
    closed.target,
    closed.band_lower,
    closed.band_upper,
    closed.status,
    closed.streak,
    closed.sample_size,
    closed.data_as_of
from closed
inner join newest on closed.kpi = newest.kpi and closed.period_start = newest.period_start
inner join dim_kpi as kpis on closed.kpi = kpis.kpi
inner join dim_org_unit as units on closed.org_unit_id = units.org_unit_id
where not units.is_unassigned
order by closed.kpi, units.layer, closed.org_unit_id
"""

_HISTORY = """
with

wanted as (
    select
        unnest($kpis::varchar[]) as kpi,
        unnest($units::varchar[]) as org_unit_id,
        unnest($until::date[]) as until
),

numbered as (
    select
        status.*,
        wanted.until,
        row_number() over (
            partition by status.kpi, status.org_unit_id, wanted.until
            order by status.period_start desc
        ) as age
    from fct_kpi_status as status
    inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
    inner join wanted
        on
            status.kpi = wanted.kpi
            and status.org_unit_id = wanted.org_unit_id
            and status.period_start <= wanted.until
    where status.is_closed and status.is_complete
)

select
    kpi,
    org_unit_id,
    until,
    period_start,
    kpi_value,
    target,
    band_lower,
    band_upper,
    process_band_lower,
    process_band_upper,
    process_status
from numbered
where age <= $periods
order by kpi, org_unit_id, until, period_start
"""


@dataclass(frozen=True)
class Standing:
    """A KPI of a unit in its newest closed period. `unit` is that of the value (eur, percent as a
    fraction, count, score); `streak` counts the closed periods in a row with this status."""

    kpi: str
    label: str
    unit: str
    home_layer: str
    org_unit_id: str
    unit_name: str
    layer: str
    grain: str
    period_start: dt.date
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    status: str
    streak: int | None
    sample_size: int | None
    data_as_of: dt.date | None

    @property
    def period(self) -> str:
        return period(self.period_start, self.grain, "en")

    def shown(self, amount: float | None, currency: str = "EUR") -> str:
        """An amount of this KPI as a person reads it; `-` where there is none."""
        return "-" if amount is None else value(amount, self.unit, "en", currency=currency)

    def band(self, currency: str = "EUR") -> str:
        """What the owner agreed to, such as `at least 90`."""
        lower, upper = self.band_lower, self.band_upper
        if lower is not None and upper is not None:
            return f"{self.shown(lower, currency)} to {self.shown(upper, currency)}"
        if lower is not None:
            return f"at least {self.shown(lower, currency)}"
        return "no target" if upper is None else f"at most {self.shown(upper, currency)}"


@dataclass(frozen=True)
class Point:
    """One period in the history of a KPI of a unit; `process_*` is the process band there, `level`
    the mean of the stretch that it is one of, where two are compared."""

    period_start: dt.date
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    process_lower: float | None = None
    process_upper: float | None = None
    process_status: str | None = None
    level: float | None = None

    @property
    def is_off_course(self) -> bool:
        """Whether the value is outside the band that was agreed."""
        value, lower, upper = self.kpi_value, self.band_lower, self.band_upper
        if value is None:
            return False
        return (lower is not None and value < lower) or (upper is not None and value > upper)

    @property
    def is_unusual(self) -> bool:
        return self.kpi_value is not None and self.process_status == "drifting"


def standings(connection: duckdb.DuckDBPyConnection) -> list[Standing]:
    """Every KPI of every unit that is not an unassigned one."""
    return [Standing(*row) for row in connection.execute(_NEWEST).fetchall()]


def history(
    connection: duckdb.DuckDBPyConnection, kpi: str, org_unit_id: str, periods: int = 24
) -> list[Point]:
    """The closed periods of a KPI of a unit, oldest first."""
    return histories(connection, [(kpi, org_unit_id, dt.date.max)], periods)[0]


def histories(
    connection: duckdb.DuckDBPyConnection,
    of: Sequence[tuple[str, str, dt.date]],
    periods: int = 24,
) -> list[list[Point]]:
    """The same for each of several (kpi, org_unit_id, first day of its last period), in one query:
    at most so many periods each."""
    if not of:
        return []
    names = ("kpis", "units", "until")
    wanted = dict(zip(names, map(list, zip(*dict.fromkeys(of), strict=True)), strict=True))
    found: defaultdict[tuple[str, str, dt.date], list[Point]] = defaultdict(list)
    for row in connection.execute(_HISTORY, {**wanted, "periods": periods}).fetchall():
        found[row[:3]].append(Point(*row[3:]))
    return [found[each] for each in of]


def headline(of_kpi: list[Standing]) -> Standing:
    """The one that stands for a KPI: of the highest unit that has a target, else of the highest."""
    targeted = [each for each in of_kpi if each.target is not None]
    return min(targeted or of_kpi, key=lambda each: (LAYERS.index(each.layer), each.org_unit_id))
