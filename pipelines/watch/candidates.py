"""Reads from a publication what the drift watch has to look at, in one query per question.

Only series that are off course, or that have an alert, leave DuckDB: with 100,000 series on
course nothing is carried over.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb

from pipelines.marts import columns_of
from pipelines.watch.drift import Judged, Watermark

_CLOSED = """
with

-- The grain at which a KPI is judged; what is not closed and complete is not judged at all.
closed as (
    select status.*
    from fct_kpi_status as status
    inner join dim_kpi as kpi on kpi.kpi = status.kpi and kpi.cadence = status.grain
    where status.is_closed and status.is_complete
),

newest as (select kpi, max(period_start) as period_start from closed group by kpi)
"""

_CANDIDATES = """,

known as (
    select unnest($kpis::varchar[]) as kpi, unnest($units::varchar[]) as org_unit_id
),

candidates as (
    select
        closed.*,
        units.name as unit_name,
        units.layer,
        units.is_unassigned,
        units.owner as unit_owner
    from closed
    inner join newest using (kpi, period_start)
    inner join dim_org_unit as units using (org_unit_id)
    where
        not units.is_unassigned
        and units.layer in (select unnest($layers::varchar[]))
        and (
            closed.status = 'off_course'
            or (closed.kpi, closed.org_unit_id) in (select (kpi, org_unit_id) from known)
        )
),

history as (
    select
        closed.kpi,
        closed.org_unit_id,
        closed.period_start,
        closed.status,
        row_number() over (
            partition by closed.kpi, closed.org_unit_id order by closed.period_start desc
        ) as age
    from closed
    where (closed.kpi, closed.org_unit_id) in (select (kpi, org_unit_id) from candidates)
),

recovery as (
    select kpi, org_unit_id, min(age) as age
    from history
    where status is distinct from 'off_course'
    group by kpi, org_unit_id
),

course as (
    select
        history.kpi,
        history.org_unit_id,
        min(history.period_start) filter (history.age < coalesce(recovery.age, 1e9)) as off_since,
        count(*) filter (history.age < coalesce(recovery.age, 1e9)) as off_periods,
        count(*) filter (
            history.status = 'off_course' and history.age <= rule.of_periods
        ) as off_of_last
    from history
    inner join rule on rule.kpi = history.kpi
    left join recovery
        on recovery.kpi = history.kpi and recovery.org_unit_id = history.org_unit_id
    group by history.kpi, history.org_unit_id
)

select
    candidates.kpi,
    candidates.org_unit_id,
    candidates.grain,
    candidates.period_start,
    candidates.period_end,
    candidates.status,
    candidates.kpi_value,
    candidates.target,
    candidates.band_lower,
    candidates.band_upper,
    candidates.definition_version,
    coalesce(dim_kpi.label_nl, candidates.kpi),
    coalesce(dim_kpi.label_en, candidates.kpi),
    dim_kpi.unit,
    coalesce(candidates.unit_name, candidates.org_unit_id),
    candidates.layer,
    candidates.is_unassigned,
    coalesce(nullif(candidates.unit_owner, ''), nullif(dim_kpi.owner, ''), 'management'),
    course.off_since,
    course.off_periods,
    course.off_of_last,
    rule.fire_periods,
    rule.of_periods
from candidates
inner join dim_kpi on dim_kpi.kpi = candidates.kpi
inner join rule on rule.kpi = candidates.kpi
inner join course
    on course.kpi = candidates.kpi and course.org_unit_id = candidates.org_unit_id
order by candidates.kpi, candidates.org_unit_id
"""


def candidates(
    connection: duckdb.DuckDBPyConnection,
    known: Collection[tuple[str, str]],
    layers: Collection[str],
) -> list[Judged]:
    """The series that are off course in the newest period of their KPI, and those in `known`
    (kpi, org_unit_id), of units in these layers; never of an unassigned unit."""
    parameters: dict[str, Any] = {
        "kpis": [kpi for kpi, _ in known],
        "units": [unit for _, unit in known],
        "layers": list(layers),
    }
    query = f"{_CLOSED}, {_rule(connection)}{_CANDIDATES}"
    return [Judged(*row) for row in connection.execute(query, parameters).fetchall()]


def newest(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[int, dict[tuple[str, str], Watermark]]:
    """How many series with a target can be judged, and by (kpi, grain) the newest period."""
    rows = connection.execute(
        f"{_CLOSED} select kpi, grain, period_start, max(definition_version), "
        "count(*) filter (target is not null) "
        "from closed inner join newest using (kpi, period_start) group by all"
    ).fetchall()
    marks = {(kpi, grain): Watermark(start, version) for kpi, grain, start, version, _ in rows}
    return sum(row[-1] for row in rows), marks


def _rule(connection: duckdb.DuckDBPyConnection) -> str:
    """N of M periods, where the KPI definitions say so; else one period is enough."""
    has = {"fire_periods", "of_periods"} <= set(columns_of(connection, "dim_kpi"))
    n, m = ("coalesce(fire_periods, 1)", "coalesce(of_periods, 1)") if has else ("1", "1")
    return f"rule as (select kpi, {n} as fire_periods, {m} as of_periods from dim_kpi)"
