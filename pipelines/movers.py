"""What moved a KPI most: the largest contributions to its change, read from a publication.

People are not named: what those of a team contributed is one line with how many they are.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import duckdb

from pipelines.marts import columns_of

COMPARISONS = {
    "previous_period": "the period before",
    "same_period_last_year": "the same period last year",
    "target": "the target",
}

_CONTRIBUTIONS = """
with wanted as (
    select
        unnest($kpis::varchar[]) as kpi,
        unnest($units::varchar[]) as org_unit_id,
        unnest($grains::varchar[]) as grain,
        unnest($starts::date[]) as period_start
)

select
    moved.kpi,
    moved.org_unit_id,
    moved.grain,
    moved.period_start,
    moved.comparison,
    moved.contributor_type,
    moved.contributor,
    coalesce(units.name, kpis.label_en, moved.contributor) as label,
    coalesce(units.layer = 'individual', false) as is_person,
    moved.effect,
    moved.contribution,
    moved.change_total
from fct_kpi_contributions as moved
inner join wanted using (kpi, org_unit_id, grain, period_start)
left join dim_org_unit as units
    on moved.contributor_type = 'child_unit' and moved.contributor = units.org_unit_id
left join dim_kpi as kpis
    on moved.contributor_type = 'driver_kpi' and moved.contributor = kpis.kpi
"""


@dataclass(frozen=True)
class Mover:
    """One contribution, in the unit of the KPI. `people`: how many persons it is of, or 0."""

    comparison: str
    contributor_type: str
    label: str
    effect: str
    contribution: Decimal
    change_total: Decimal
    people: int = 0

    @property
    def share(self) -> float | None:
        """Of the change; below 0 or above 1 where others went against it; None of no change."""
        return float(self.contribution / self.change_total) if self.change_total else None


class OfPeriod(Protocol):
    """A KPI of a unit in a period."""

    @property
    def kpi(self) -> str: ...
    @property
    def org_unit_id(self) -> str: ...
    @property
    def grain(self) -> str: ...
    @property
    def period_start(self) -> dt.date: ...


def movers(connection: duckdb.DuckDBPyConnection, of: OfPeriod, most: int = 3) -> list[Mover]:
    """The largest contributions to the change of a KPI of a unit in a period: at most `most` for
    each comparison and kind of contributor, largest first. Empty where a publication has none."""
    return movers_of_all(connection, [of], most)[0]


def movers_of_all(
    connection: duckdb.DuckDBPyConnection, of: Sequence[OfPeriod], most: int = 3
) -> list[list[Mover]]:
    """The same for each of several, in one query."""
    if not of or not columns_of(connection, "fct_kpi_contributions"):
        return [[] for _ in of]
    keys = [(each.kpi, each.org_unit_id, each.grain, each.period_start) for each in of]
    names = ("kpis", "units", "grains", "starts")
    wanted = dict(zip(names, map(list, zip(*dict.fromkeys(keys), strict=True)), strict=True))
    rows: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in connection.execute(_CONTRIBUTIONS, wanted).fetchall():
        rows[row[:4]].append(row[4:])
    return [_largest(rows[key], most) for key in keys]


def _largest(
    rows: Iterable[tuple[str, str, str, str, bool, str, Decimal, Decimal]], most: int
) -> list[Mover]:
    groups: defaultdict[tuple[str, str], list[Mover]] = defaultdict(list)
    for mover in _without_names(rows):
        groups[mover.comparison, mover.contributor_type].append(mover)
    found: list[Mover] = []
    for comparison in COMPARISONS:
        for kind in ("child_unit", "driver_kpi"):
            ranked = sorted(
                groups[comparison, kind], key=lambda each: (-abs(each.contribution), each.label)
            )
            found += ranked[:most]
    return found


def _without_names(
    rows: Iterable[tuple[str, str, str, str, bool, str, Decimal, Decimal]],
) -> list[Mover]:
    found: list[Mover] = []
    people: defaultdict[tuple[str, str, Decimal], list[tuple[str, Decimal]]] = defaultdict(list)
    for comparison, kind, contributor, label, is_person, effect, contribution, change in rows:
        if is_person:
            people[comparison, effect, change].append((contributor, contribution))
        else:
            found.append(Mover(comparison, kind, label, effect, contribution, change))
    for (comparison, effect, change), of_people in people.items():
        count = len({person for person, _ in of_people})
        together = sum((part for _, part in of_people), Decimal(0))
        label = f"{count} people" if count > 1 else "1 person"
        found.append(Mover(comparison, "child_unit", label, effect, together, change, count))
    return found
