"""Where every KPI stands, read from a publication: the newest closed period at its own cadence."""

from __future__ import annotations

import datetime as dt
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
select
    status.period_start,
    status.kpi_value,
    status.target,
    status.band_lower,
    status.band_upper,
    status.process_band_lower,
    status.process_band_upper,
    status.process_status
from fct_kpi_status as status
inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
where status.kpi = ? and status.org_unit_id = ? and status.is_closed and status.is_complete
order by status.period_start desc
limit ?
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
    """One period in the history of a KPI of a unit; `process_*` is the process band there."""

    period_start: dt.date
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    process_lower: float | None = None
    process_upper: float | None = None
    process_status: str | None = None


def standings(connection: duckdb.DuckDBPyConnection) -> list[Standing]:
    """Every KPI of every unit that is not an unassigned one."""
    return [Standing(*row) for row in connection.execute(_NEWEST).fetchall()]


def history(
    connection: duckdb.DuckDBPyConnection, kpi: str, org_unit_id: str, periods: int = 24
) -> list[Point]:
    """The closed periods of a KPI of a unit, oldest first."""
    rows = connection.execute(_HISTORY, [kpi, org_unit_id, periods]).fetchall()
    return [Point(*row) for row in reversed(rows)]


def headline(of_kpi: list[Standing]) -> Standing:
    """The one that stands for a KPI: of the highest unit that has a target, else of the highest."""
    targeted = [each for each in of_kpi if each.target is not None]
    return min(targeted or of_kpi, key=lambda each: (LAYERS.index(each.layer), each.org_unit_id))
