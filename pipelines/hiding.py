"""Decides, on the warehouse, which units of which month are hidden: the one place where it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.people import ANSWERS, Group, People
from pipelines.small_groups import Item, Month, read_shown, remember, shown

Hidden = dict[str, set[tuple[dt.date, str]]]
"""By group of measures: the months (by their first day) and units that are not shown."""


def hidden_units(
    warehouse: duckdb.DuckDBPyConnection,
    people: People,
    leasts: Iterable[int],
    memory: Path,
) -> dict[int, Hidden]:
    """What stays hidden for every least size of a group, and remembered: what is shown.

    What is shown to an audience of larger groups is shown to one of smaller groups too, so that
    two audiences together know no more than the second. The connection has the warehouse open as
    `warehouse`. Raises ValueError when the memory cannot be read.
    """
    ranks = _ranks(warehouse)
    sizes = sorted({least for least in leasts if least > 1})
    known = read_shown(memory) if sizes else {}
    found: dict[int, Hidden] = {least: {} for least in sizes}
    for group in people.groups.values():
        kpis = [kpi for kpi, groups in people.behind.items() if group.name in groups]
        if not kpis or not sizes:
            continue
        months = _items(warehouse, group, _closed_until(warehouse, kpis))
        for month, items in months.items():
            allowed: frozenset[str] | None = None
            for least in sizes:
                of_month = Month(items, least)
                before = known.get(str(least), {}).get(group.name, {}).get(month.isoformat(), ())
                allowed = shown(of_month, ranks, before, allowed)
                known.setdefault(str(least), {}).setdefault(group.name, {})[month.isoformat()] = (
                    sorted({*before, *allowed})
                )
                hidden = found[least].setdefault(group.name, set())
                hidden.update((month, unit) for unit in of_month.units - allowed)
    for least in sizes:
        remember(memory, least, known.get(str(least), {}))
    return found


def _ranks(warehouse: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """From the top down, projects last: they cut across."""
    return dict(
        warehouse.execute(
            "select org_unit_id, max(case when layer = 'project' then 1000 else len(path) end) "
            "from warehouse.main.int_org_chains where layer <> 'individual' group by org_unit_id"
        ).fetchall()
    )


def _closed_until(warehouse: duckdb.DuckDBPyConnection, kpis: list[str]) -> dt.date | None:
    row = warehouse.execute(
        "select max(period_end) from warehouse.main.fct_kpi_values "
        "where grain = 'month' and is_closed and list_contains(?::varchar[], kpi)",
        [kpis],
    ).fetchone()
    return row[0] if row else None


def _items(
    warehouse: duckdb.DuckDBPyConnection, group: Group, until: dt.date | None
) -> dict[dt.date, list[Item]]:
    """The rows of a group's measures by month, up to a day, with all units they count for."""
    if until is None:
        return {}
    rows = warehouse.execute(
        """
        with
        chains as (
            select
                org_unit_id,
                parent_id,
                valid_from,
                valid_to,
                array_to_string(list_sort(path[:-2]), chr(31)) as units
            from warehouse.main.int_org_chains
            where layer = 'individual'
        )
        select
            cast(date_trunc('month', days.measure_date) as date) as month,
            days.measure,
            coalesce(chains.units, '') as units,
            days.project_id,
            case when ? then '' else days.org_unit_id end as person,
            cast(sum(days.row_count) as double) as row_count
        from warehouse.main.int_measure_days as days
        left join chains
            on
                days.org_unit_id = chains.org_unit_id
                and days.team_id = chains.parent_id
                and days.attributed_on between chains.valid_from and chains.valid_to
        where
            days.row_count > 0
            and days.measure_date <= ?
            and list_contains(?::varchar[], split_part(days.measure, '__', 1))
        group by all
        order by all
        """,
        [group.kind == ANSWERS, until, list(group.measures)],
    ).fetchall()
    months: dict[dt.date, list[Item]] = {}
    for month, measure, units, project, person, count in rows:
        cell = frozenset(unit for unit in (*units.split(chr(31)), project) if unit)
        months.setdefault(month, []).append(Item(measure, cell, person, count))
    return months
