"""What the rules look at: the KPIs with their targets and history, and the organisation of today.

Read from one publication and nothing else, so it takes seconds and needs no warehouse. Dates are
days of the business time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from connectors.core.api.account import is_pulled
from connectors.core.discover import discover
from pipelines.marts import columns_of
from pipelines.settings import Alerts, Settings
from pipelines.watch.sources import sources

RELATION_GRAIN = "week"
"""Long enough to hold most things, short enough that a year and a half has 77 of them."""

SMART = ("specific", "measurable", "accepted", "realistic", "time_bound")


@dataclass(frozen=True)
class Period:
    """A period of a unit with a target: what it came to, and what was agreed."""

    start: dt.date
    value: float | None
    target: float | None
    lower: float | None
    upper: float | None
    is_closed: bool = True


@dataclass(frozen=True)
class Agreed:
    """The periods of one unit at the cadence of the KPI, oldest first."""

    unit_name: str
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class KpiFacts:
    """One KPI. `label`, `description`: by language. `known_until`: the last day of its newest
    closed period that has a value. `agreed`: of the units that have, or had, a target."""

    kpi: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    owner: str | None
    home_layer: str
    direction: str
    cadence: str
    denominator: str | None = None
    drivers: tuple[str, ...] = ()
    driver_relation: str | None = None
    sources: tuple[str, ...] = ()
    smart: Mapping[str, str | None] = field(default_factory=dict)
    review_date: dt.date | None = None
    known_until: dt.date | None = None
    agreed: tuple[Agreed, ...] = ()
    has_alert: bool = False


@dataclass(frozen=True)
class Facts:
    """All of it. `owners`: who may own a KPI today; `owners_ever`: who could at any time. `stale`:
    connectors whose data are too old, with the last day they cover. `series`: by KPI, its value of
    the organisation by week, in the order of the weeks, None where unknown."""

    today: dt.date
    kpis: tuple[KpiFacts, ...]
    owners: frozenset[str] = frozenset()
    owners_ever: frozenset[str] = frozenset()
    stale: Mapping[str, dt.date] = field(default_factory=dict)
    series: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    most_kpis_per_owner: int = 12

    @property
    def by_name(self) -> dict[str, KpiFacts]:
        return {kpi.kpi: kpi for kpi in self.kpis}


def facts_of(publication: duckdb.DuckDBPyConnection, chosen: Settings, today: dt.date) -> Facts:
    """Read an open publication under the settings of a home and the connectors that are set up."""
    return read_facts(
        publication,
        today=today,
        alerts=chosen.alerts,
        pulled=[name for name, connector in discover().items() if is_pulled(connector)],
        history_stopped=chosen.end_date is not None,
        most_kpis_per_owner=chosen.most_kpis_per_owner,
        channel_owners={o for channel in chosen.alerts.channels for o in channel.owners},
    )


def read_facts(
    publication: duckdb.DuckDBPyConnection,
    *,
    today: dt.date,
    alerts: Alerts,
    pulled: Collection[str] = (),
    history_stopped: bool = False,
    most_kpis_per_owner: int = 12,
    channel_owners: Collection[str] = (),
) -> Facts:
    """Read an open publication. pulled: the connectors whose API is asked. history_stopped: the
    data have an end date, so their age says nothing."""
    now, ever = _owners(publication)
    found = [] if history_stopped else sources(publication, pulled, alerts)
    return Facts(
        today=today,
        kpis=_kpis(publication),
        owners=now | frozenset(channel_owners),
        owners_ever=ever | frozenset(channel_owners),
        stale={each.connector: each.covers_until for each in found if each.is_stale(today)},
        series=_series(publication),
        most_kpis_per_owner=most_kpis_per_owner,
    )


def _kpis(publication: duckdb.DuckDBPyConnection) -> tuple[KpiFacts, ...]:
    agreed, until = _agreed(publication), _known_until(publication)
    alerted = {kpi for (kpi,) in publication.execute("select kpi from fct_alert_events").fetchall()}
    cursor = publication.execute("select * from dim_kpi order by kpi")
    names = [column[0] for column in cursor.description or ()]
    found = []
    for cells in cursor.fetchall():
        row: dict[str, Any] = dict(zip(names, cells, strict=True))
        kpi = row["kpi"]
        found.append(
            KpiFacts(
                kpi=kpi,
                label={"nl": row["label_nl"], "en": row["label_en"]},
                description={
                    "nl": row.get("description_nl") or "",
                    "en": row.get("description_en") or "",
                },
                owner=row["owner"],
                home_layer=row.get("home_layer") or "organisation",
                direction=row["direction"],
                cadence=row["cadence"],
                denominator=row.get("denominator"),
                drivers=_names(row.get("drivers")),
                driver_relation=row.get("driver_relation"),
                sources=_names(row.get("sources")),
                smart={name: row.get(f"smart_{name}") for name in SMART},
                review_date=row.get("review_date"),
                known_until=until.get(kpi),
                agreed=agreed.get(kpi, ()),
                has_alert=kpi in alerted or row.get("fire_periods") is not None,
            )
        )
    return tuple(found)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _known_until(publication: duckdb.DuckDBPyConnection) -> dict[str, dt.date]:
    return dict(
        publication.execute(
            "select kpi, max(period_end) from fct_kpi_status where is_closed and is_complete "
            "and kpi_value is not null group by kpi"
        ).fetchall()
    )


def _agreed(publication: duckdb.DuckDBPyConnection) -> dict[str, tuple[Agreed, ...]]:
    """A person's own target is between that person and who agreed on it: not looked at here."""
    rows = publication.execute(
        """
        with

        at_cadence as (
            select status.*, units.name, units.layer
            from fct_kpi_status as status
            inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
            inner join dim_org_unit as units on status.org_unit_id = units.org_unit_id
        ),

        agreed as (
            select distinct kpi, org_unit_id from at_cadence
            where target is not null and layer <> 'individual'
        )

        select
            kpi, org_unit_id, name, period_start,
            case when is_closed and is_complete then kpi_value end,
            target, band_lower, band_upper, is_closed
        from at_cadence
        semi join agreed using (kpi, org_unit_id)
        order by kpi, org_unit_id, period_start
        """
    ).fetchall()
    by_unit: dict[tuple[str, str, str], list[Period]] = {}
    for kpi, unit, name, *period in rows:
        by_unit.setdefault((kpi, unit, name), []).append(Period(*period))
    found: dict[str, tuple[Agreed, ...]] = {}
    for (kpi, _, name), periods in by_unit.items():
        found[kpi] = (*found.get(kpi, ()), Agreed(name, tuple(periods)))
    return found


def _owners(publication: duckdb.DuckDBPyConnection) -> tuple[frozenset[str], frozenset[str]]:
    """Owners of units, and people, by id and by name: those of today, and those of any time."""
    now = publication.execute(
        "select owner from dim_org_unit union select org_unit_id from dim_org_unit "
        "where layer = 'individual' union select name from dim_org_unit where layer = 'individual'"
    ).fetchall()
    ever = list(now)
    if columns_of(publication, "dim_org_unit_history"):
        ever += publication.execute(
            "select owner from dim_org_unit_history union select org_unit_id from "
            "dim_org_unit_history where layer = 'individual' union "
            "select name from dim_org_unit_history where layer = 'individual'"
        ).fetchall()
        left = publication.execute(
            "select org_unit_id, name from dim_org_unit where layer = 'individual' "
            "and valid_to < (select max(period_start) from fct_kpi_values)"
        ).fetchall()
        gone = {each for row in left for each in row}
        now = [row for row in now if row[0] not in gone]
    return frozenset(o for (o,) in now if o), frozenset(o for (o,) in ever if o)


def _series(publication: duckdb.DuckDBPyConnection) -> dict[str, tuple[float | None, ...]]:
    """As long for every KPI, also where a publication has no weeks of it."""
    rows = publication.execute(
        """
        with

        weekly as (
            select status.kpi, status.period_start, status.kpi_value
            from fct_kpi_status as status
            inner join dim_org_unit as units on status.org_unit_id = units.org_unit_id
            where
                status.grain = $grain and units.layer = 'organisation'
                and status.is_closed and status.is_complete
        ),

        wanted as (
            select kpis.kpi, weeks.period_start
            from (select distinct kpi from dim_kpi) as kpis
            cross join (
                select distinct period_start from fct_kpi_status where grain = $grain and is_closed
            ) as weeks
        )

        select wanted.kpi, list(weekly.kpi_value order by wanted.period_start)
        from wanted
        left join weekly
            on wanted.kpi = weekly.kpi and wanted.period_start = weekly.period_start
        group by wanted.kpi
        """,
        {"grain": RELATION_GRAIN},
    ).fetchall()
    return {kpi: tuple(values) for kpi, values in rows}
