"""Reads from a publication what the drift watch has to look at, in one query per question.

Only series that are out of a band, or that have an alert, leave DuckDB: with 100,000 series on
course nothing is carried over.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb

from pipelines.marts import columns_of
from pipelines.watch.drift import Judged, Watermark

DEFAULT_MARGIN = 0.1
"""How far inside its band a value must be to end an alert: a part of the way from edge to target
or centre."""

_CLOSED = """
with

-- The grain at which a KPI is judged; what is not closed and complete is not judged at all.
closed as (
    select status.* {extra}
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
            or closed.process_status = 'drifting'
            or (closed.kpi, closed.org_unit_id) in (select (kpi, org_unit_id) from known)
        )
),

-- Each period of a candidate, judged by what was agreed and by what is normal.
verdicts as (
    select
        closed.kpi,
        closed.org_unit_id,
        closed.period_start,
        unnest(['tolerance', 'drift']) as kind,
        unnest([
            case
                when closed.status = 'off_course' then 'out'
                when closed.status <> 'on_course' or closed.status is null then 'no_data'
                when
                    closed.kpi_value < closed.band_lower
                    + rule.margin * (coalesce(closed.target, closed.band_lower) - closed.band_lower)
                    or closed.kpi_value > closed.band_upper
                    - rule.margin * (closed.band_upper - coalesce(closed.target, closed.band_upper))
                    then 'edge'
                else 'in'
            end,
            case
                when closed.process_status = 'drifting' and closed.known_event is null then 'out'
                when closed.process_status = 'insufficient_data' then 'insufficient_data'
                when closed.process_status not in ('drifting', 'stable') then 'no_data'
                when closed.process_status is null then 'no_data'
                when closed.process_status = 'drifting' then 'edge'
                when abs(closed.process_score) > 1 - rule.margin then 'edge'
                else 'in'
            end
        ]) as verdict
    from closed
    inner join rule on rule.kpi = closed.kpi
    where (closed.kpi, closed.org_unit_id) in (select (kpi, org_unit_id) from candidates)
),

history as (
    select
        *,
        row_number() over (
            partition by kpi, org_unit_id, kind order by period_start desc
        ) as age
    from verdicts
),

ends as (
    select
        kpi,
        org_unit_id,
        kind,
        coalesce(min(age) filter (verdict <> 'out'), 1e9) as last_not_out,
        coalesce(min(age) filter (verdict in ('out', 'edge')), 1e9) as last_not_in
    from history
    group by kpi, org_unit_id, kind
),

course as (
    select
        history.kpi,
        history.org_unit_id,
        history.kind,
        min(history.verdict) filter (history.age = 1) as verdict,
        min(history.period_start) filter (history.age < ends.last_not_out) as off_since,
        count(*) filter (history.age < ends.last_not_out) as off_periods,
        count(*) filter (history.verdict = 'out' and history.age <= rule.of_periods) as off_of_last,
        count(*) filter (history.verdict = 'in' and history.age < ends.last_not_in) as in_a_row
    from history
    inner join ends using (kpi, org_unit_id, kind)
    inner join rule on rule.kpi = history.kpi
    group by history.kpi, history.org_unit_id, history.kind
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
    candidates.process_status,
    candidates.process_band_lower,
    candidates.process_band_centre,
    candidates.process_band_upper,
    candidates.process_score,
    candidates.known_event,
    candidates.definition_version,
    coalesce(dim_kpi.label_nl, candidates.kpi),
    coalesce(dim_kpi.label_en, candidates.kpi),
    dim_kpi.unit,
    coalesce(candidates.unit_name, candidates.org_unit_id),
    candidates.layer,
    candidates.is_unassigned,
    coalesce(nullif(candidates.unit_owner, ''), nullif(dim_kpi.owner, ''), 'management'),
    course.kind,
    course.verdict,
    course.off_since,
    course.off_periods,
    course.off_of_last,
    course.in_a_row,
    rule.fire_periods,
    rule.of_periods,
    rule.recover_periods
from candidates
inner join dim_kpi on dim_kpi.kpi = candidates.kpi
inner join rule on rule.kpi = candidates.kpi
inner join course
    on course.kpi = candidates.kpi and course.org_unit_id = candidates.org_unit_id
-- What is unusual is an alert where the KPI is steered on: at its home layer, and where a target
-- was agreed. Raised everywhere, the false alarms of all units would drown the real ones.
where
    course.kind = 'tolerance'
    or candidates.layer = dim_kpi.home_layer
    or candidates.target is not null
order by candidates.kpi, candidates.org_unit_id, course.kind desc
"""

_ABOVE = """
select descendant, list(ancestor order by depth)
from bridge_org_unit
where depth > 0 and descendant in (select unnest($units::varchar[]))
group by descendant
"""


def candidates(
    connection: duckdb.DuckDBPyConnection,
    known: Collection[tuple[str, str]],
    layers: Collection[str],
) -> list[Judged]:
    """The series that are out of a band in the newest period of their KPI, and those in `known`
    (kpi, org_unit_id), of units in these layers, a row for each kind; never of an unassigned
    unit."""
    parameters: dict[str, Any] = {
        "kpis": [kpi for kpi, _ in known],
        "units": [unit for _, unit in known],
        "layers": list(layers),
    }
    query = f"{_closed(connection)}, {_rule(connection)}{_CANDIDATES}"
    return [Judged(*row) for row in connection.execute(query, parameters).fetchall()]


def above(
    connection: duckdb.DuckDBPyConnection, units: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The units above each of these, the nearest first."""
    rows = connection.execute(_ABOVE, {"units": list(units)}).fetchall()
    return {unit: tuple(ancestors) for unit, ancestors in rows}


def newest(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[int, dict[tuple[str, str], Watermark]]:
    """How many series can be judged, by a target or by what is normal for them, and by (kpi,
    grain) the newest period."""
    rows = connection.execute(
        f"{_closed(connection)} select kpi, grain, period_start, max(definition_version), "
        "count(*) filter (target is not null or process_band_centre is not null) "
        "from closed inner join newest using (kpi, period_start) group by all"
    ).fetchall()
    marks = {(kpi, grain): Watermark(start, version) for kpi, grain, start, version, _ in rows}
    return sum(row[-1] for row in rows), marks


def newest_of_units(connection: duckdb.DuckDBPyConnection) -> str:
    """A query of kpi, org_unit_id, period_start (the newest of the KPI), is_there (whether it has
    figures of the unit) and target, for every pair in `asked`."""
    return (
        f"{_closed(connection)} select asked.kpi, asked.org_unit_id, newest.period_start, "
        "closed.kpi is not null as is_there, closed.target "
        "from (select distinct kpi, org_unit_id from asked) as asked "
        "inner join newest using (kpi) left join closed using (kpi, period_start, org_unit_id)"
    )


def _closed(connection: duckdb.DuckDBPyConnection) -> str:
    """A publication of a Koers before the process band has fewer columns."""
    there = columns_of(connection, "fct_kpi_status")
    types = {"process_status": "varchar", "process_score": "double", "known_event": "varchar"}
    missing = [
        f", cast(null as {kind}) as {name}" for name, kind in types.items() if name not in there
    ]
    return _CLOSED.format(extra="".join(missing))


def _rule(connection: duckdb.DuckDBPyConnection) -> str:
    """N of M periods to fire, R to end, where the KPI's definition says so; else one, and two in a
    row to end for what is judged by the day or week."""
    there = set(columns_of(connection, "dim_kpi"))

    def said(name: str, default: str) -> str:
        return f"coalesce({name}, {default})" if name in there else default

    fire = said("fire_periods", "1")
    recover = said("recover_periods", "case when cadence in ('day', 'week') then 2 else 1 end")
    return (
        f"rule as (select kpi, {fire} as fire_periods, "
        f"greatest({said('of_periods', '1')}, {fire}) as of_periods, "
        f"{recover} as recover_periods, "
        f"{said('recover_margin', str(DEFAULT_MARGIN))} as margin from dim_kpi)"
    )
