"""What moved a KPI most: the largest contributions to its change, read from a publication.

People are not named: what those of a team contributed is one line with how many they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from pipelines.course import Standing
from pipelines.marts import columns_of

COMPARISONS = {
    "previous_period": "the period before",
    "same_period_last_year": "the same period last year",
    "target": "the target",
}

_CONTRIBUTIONS = """
select
    moved.comparison,
    moved.contributor_type,
    moved.contributor,
    coalesce(units.name, kpis.label_en, moved.contributor) as label,
    coalesce(units.layer = 'individual', false) as is_person,
    moved.effect,
    moved.contribution,
    moved.change_total
from fct_kpi_contributions as moved
left join dim_org_unit as units
    on moved.contributor_type = 'child_unit' and moved.contributor = units.org_unit_id
left join dim_kpi as kpis
    on moved.contributor_type = 'driver_kpi' and moved.contributor = kpis.kpi
where moved.kpi = ? and moved.org_unit_id = ? and moved.grain = ? and moved.period_start = ?
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


def movers(connection: duckdb.DuckDBPyConnection, of: Standing, most: int = 3) -> list[Mover]:
    """The largest contributions to the change of a KPI of a unit in a period: at most `most` for
    each comparison and kind of contributor, largest first. Empty where a publication has none."""
    if not columns_of(connection, "fct_kpi_contributions"):
        return []
    rows = connection.execute(
        _CONTRIBUTIONS, [of.kpi, of.org_unit_id, of.grain, of.period_start]
    ).fetchall()
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
