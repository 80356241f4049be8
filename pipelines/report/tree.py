"""The KPI tree: from what is wanted to what moves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.report.facts import Facts
from pipelines.report.places import page_of
from pipelines.report.telling import NONE, Badge, Teller


@dataclass
class Node:
    """A KPI in the tree. is_again: it was worked out higher up. part: what it did to the change of
    the KPI above it, where that is known."""

    label: str
    href: str
    unit: str
    value: str
    change: str
    badges: list[Badge]
    part: str = ""
    is_again: bool = False
    children: list[Node] = field(default_factory=list)


def tree(facts: Facts, tell: Teller, parts: dict[tuple[str, str], str]) -> list[Node]:
    """The KPIs that move no other, each with what moves it below. parts: by KPI and driver, what
    the driver did, in words. A KPI in a circle, or that moves two, is worked out once."""
    below = {
        kpi.kpi: [d for d in kpi.drivers if d in facts.kpis and d != kpi.kpi]
        for kpi in facts.kpis.values()
    }
    driven = {driver for drivers in below.values() for driver in drivers}
    roots = [kpi for kpi in facts.kpis if kpi not in driven and below[kpi]]
    lonely = [kpi for kpi in facts.kpis if kpi not in driven and not below[kpi]]
    done: set[str] = set()

    def grow(kpi: str, above: str | None = None) -> Node:
        node = _node(facts, kpi, tell)
        node.part = parts.get((above, kpi), "") if above else ""
        if kpi in done:
            node.is_again = bool(below[kpi])
            return node
        done.add(kpi)
        node.children = [grow(driver, kpi) for driver in below[kpi]]
        return node

    found = [grow(kpi) for kpi in (*sorted(roots), *sorted(lonely))]
    # KPIs that move each other in a circle hang under no root.
    return [*found, *(grow(kpi) for kpi in sorted(facts.kpis) if kpi not in done)]


def driver_parts(facts: Facts, tell: Teller) -> dict[tuple[str, str], str]:
    """By KPI and driver: what the driver did to the change since the period before, at the unit
    that stands for the KPI."""
    found = {}
    for name, kpi in facts.kpis.items():
        figure = facts.headline(name)
        if figure is None or not kpi.drivers:
            continue
        for moved in facts.moves(name).get(figure.org_unit_id, []):
            if (moved.comparison, moved.contributor_type) == ("previous_period", "driver_kpi"):
                for move in moved.moves:
                    found[name, move.contributor] = tell.say(
                        "part", n=tell.change(move.contribution, kpi.unit)
                    )
    return found


def _node(facts: Facts, name: str, tell: Teller) -> Node:
    kpi, figure = facts.kpis[name], facts.headline(name)
    if figure is None:
        return Node(tell.label(kpi), "", "", NONE, NONE, [])
    before = facts.before.get((name, figure.org_unit_id))
    change: Any = None
    if before and before.kpi_value is not None and figure.kpi_value is not None:
        change = figure.kpi_value - before.kpi_value
    return Node(
        tell.label(kpi),
        page_of(name, figure.org_unit_id),
        facts.units[figure.org_unit_id].name,
        tell.amount(figure.kpi_value, kpi.unit),
        tell.change(change, kpi.unit),
        tell.marks(figure),
    )
