"""What was known of a figure when an alert about it fired, for who looks back: read from the
publication that fired it and from nothing else, and kept with the event, since publications go."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.marts import columns_of
from pipelines.movers import OfPeriod

_FIGURES = ("data_as_of", "numerator", "denominator", "sample_size")


@dataclass(frozen=True, slots=True)
class SourceThen:
    """How far the data of a connector went (its newest day), and when it was read last (aware)."""

    connector: str
    covers_until: dt.date | None
    loaded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a figure was made of: a numerator over a denominator, out of `sample_size` records, of
    data up to `data_as_of`; and the sources that its KPI needs and that have data."""

    data_as_of: dt.date | None = None
    numerator: float | None = None
    denominator: float | None = None
    sample_size: int | None = None
    sources: tuple[SourceThen, ...] = ()


def known_of_all(connection: duckdb.DuckDBPyConnection, of: Sequence[OfPeriod]) -> list[Known]:
    """What a publication tells of each of several, in a query for the figures and one for the
    sources; what a publication of an older Koers does not tell is None."""
    if not of:
        return []
    sources = sources_of(connection, {each.kpi for each in of})
    there = columns_of(connection, "fct_kpi_status")
    columns = ", ".join(
        f"cast({name if name in there else 'null'} as {kind})"
        for name, kind in zip(_FIGURES, ("date", "double", "double", "bigint"), strict=True)
    )
    keys = [(each.kpi, each.org_unit_id, each.grain, each.period_start) for each in of]
    names = ("kpis", "units", "grains", "starts")
    wanted = dict(zip(names, map(list, zip(*dict.fromkeys(keys), strict=True)), strict=True))
    rows = connection.execute(
        f"""
        with wanted as (
            select
                unnest($kpis::varchar[]) as kpi,
                unnest($units::varchar[]) as org_unit_id,
                unnest($grains::varchar[]) as grain,
                unnest($starts::date[]) as period_start
        )
        select kpi, org_unit_id, grain, period_start, {columns}
        from fct_kpi_status inner join wanted using (kpi, org_unit_id, grain, period_start)
        """,
        wanted,
    ).fetchall()
    figures = {row[:4]: dict(zip(_FIGURES, row[4:], strict=True)) for row in rows}
    return [Known(**figures.get(key, {}), sources=sources.get(key[0], ())) for key in keys]


def sources_of(
    connection: duckdb.DuckDBPyConnection, kpis: set[str]
) -> dict[str, tuple[SourceThen, ...]]:
    """By KPI the sources that it needs and that have data, as a publication tells."""
    if "sources" not in columns_of(connection, "dim_kpi"):
        return {}
    if not columns_of(connection, "fct_source_freshness"):
        return {}
    found: defaultdict[str, list[SourceThen]] = defaultdict(list)
    for kpi, connector, until, loaded in connection.execute(
        """
        with needed as (
            select kpi, unnest(string_split(sources, ', ')) as connector
            from dim_kpi where kpi in (select unnest($kpis::varchar[]))
        )
        select kpi, connector, max(covers_until), max(last_loaded_at)
        from needed inner join fct_source_freshness using (connector)
        group by kpi, connector order by kpi, connector
        """,
        {"kpis": sorted(kpis)},
    ).fetchall():
        at = loaded.replace(tzinfo=dt.UTC) if loaded else None
        found[kpi].append(SourceThen(connector, until, at))
    return {kpi: tuple(sources) for kpi, sources in found.items()}


def known_from(said: dict[str, Any] | None) -> Known | None:
    """What an event of the ledger holds of it; None where it is of a Koers of before."""
    if said is None:
        return None

    def day(text: str | None) -> dt.date | None:
        return dt.date.fromisoformat(text) if text else None

    sources = tuple(
        SourceThen(
            each["connector"],
            day(each["covers_until"]),
            dt.datetime.fromisoformat(each["loaded_at"]) if each["loaded_at"] else None,
        )
        for each in said["sources"]
    )
    return Known(
        day(said["data_as_of"]),
        said["numerator"],
        said["denominator"],
        said["sample_size"],
        sources,
    )
