"""Alerts of what is no longer there: a unit that left the organisation, a KPI that was retired, a
target that was withdrawn.

Nothing of it is judged any more, so no figure would ever end such an alert. It ends by itself, with
the reason in its history; who was told that it fired gets one line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from pipelines.marts import columns_of
from pipelines.watch.candidates import newest_of_units
from pipelines.watch.drift import KINDS, Event, Series, Silence, is_silent
from pipelines.watch.history import Told, following
from pipelines.watch.machine import Ending, end

KPI_RETIRED: Ending = "kpi_retired"
UNIT_ENDED: Ending = "unit_ended"
TARGET_WITHDRAWN: Ending = "target_withdrawn"

_ENDED = """
with

asked as (
    select
        unnest($kpis::varchar[]) as kpi,
        unnest($units::varchar[]) as org_unit_id,
        unnest($kinds::varchar[]) as kind
),

newest as ({newest})

select
    asked.kpi,
    asked.org_unit_id,
    asked.kind,
    case
        when dim_kpi.kpi is null then 'kpi_retired'
        when units.org_unit_id is null then 'unit_ended'
        when newest.period_start > {valid_to} then 'unit_ended'
        when
            newest.is_there
            and newest.target is null
            and (asked.kind = 'tolerance' or units.layer <> dim_kpi.home_layer)
            then 'target_withdrawn'
    end as ending,
    newest.period_start,
    {valid_to} as valid_to
from asked
left join dim_kpi on asked.kpi = dim_kpi.kpi
left join dim_org_unit as units on asked.org_unit_id = units.org_unit_id
left join newest on asked.kpi = newest.kpi and asked.org_unit_id = newest.org_unit_id
where ending is not null
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a series is no longer judged. period_start: of the newest period of its KPI, if any;
    last_day: of its unit, if that has one."""

    ending: Ending
    period_start: dt.date | None = None
    last_day: dt.date | None = None


def ended(facts: duckdb.DuckDBPyConnection, series: Collection[Series]) -> dict[Series, Ended]:
    """Those of these series (of KPIs, not of sources) that a publication no longer judges.

    A unit has ended when its last day lies before the newest period of the KPI: a period in which
    it was there for a part is judged.
    """
    those = sorted(each for each in series if each[2] in KINDS)
    if not those:
        return {}
    # A publication of a Koers of before says nothing of the days of a unit.
    has_days = "valid_to" in columns_of(facts, "dim_org_unit")
    query = _ENDED.format(
        newest=newest_of_units(facts),
        valid_to="units.valid_to" if has_days else "cast(null as date)",
    )
    kpis, units, kinds = (list(column) for column in zip(*those, strict=True))
    rows = facts.execute(query, {"kpis": kpis, "units": units, "kinds": kinds}).fetchall()
    return {
        (kpi, unit, kind): Ended(
            ending, start, last if ending == UNIT_ENDED and last != dt.date.max else None
        )
        for kpi, unit, kind, ending, start, last in rows
    }


def endings(
    over: Mapping[Series, Ended],
    known: Mapping[Series, Told],
    publication_id: str,
    *,
    now: dt.datetime,
    silences: Sequence[Silence] = (),
) -> list[Event]:
    """The transitions that end the open alerts of these series: pure. They carry the figures that
    were known last. now: aware."""
    events = []
    for series, why in sorted(over.items()):
        told = known.get(series)
        if told is None or not told.alert.at.is_open:
            continue
        at = end(told.alert.at, why.ending, why.period_start)
        news = told.alert.at.is_raised and at.is_told and not is_silent(told.row, silences, now)
        event = following(told, at)
        events.append(replace(event, publication_id=publication_id, is_news=news, folded_into=None))
    return events
