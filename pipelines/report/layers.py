"""The page of a layer: what is steered on there, for every unit, and then all other KPIs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.report.facts import Facts, Kpi, Unit
from pipelines.report.places import page_of
from pipelines.report.telling import NONE, Teller
from pipelines.report.words import LAYERS


def layer_tables(facts: Facts, layer: str, tell: Teller) -> dict[str, Any]:
    """What the template needs. A row is a KPI and a column a unit; where there are more units than
    fit side by side, the other way round."""
    units = facts.in_layer(layer)
    ids = {unit.org_unit_id for unit in units}
    here = {(k, u): f for (k, u), f in facts.newest.items() if u in ids}
    there = {kpi for kpi, _ in here}
    kpis = [kpi for kpi in facts.kpis.values() if kpi.kpi in there]
    kpis.sort(key=lambda kpi: tell.label(kpi))
    steered = {
        kpi for (kpi, _), f in here.items() if f.target is not None or f.state == "hidden"
    } | {kpi.kpi for kpi in kpis if kpi.home_layer == layer}
    # A unit without a single value has ended, or has not begun.
    units = [
        u for u in units
        if any(f.kpi_value is not None or f.state == "hidden"
               for (_, at), f in here.items() if at == u.org_unit_id)
    ]  # fmt: skip
    return {
        "layer": layer,
        "name": LAYERS[tell.language][layer],
        "units": units,
        "steered": _table(facts, units, [k for k in kpis if k.kpi in steered], tell),
        "others": _table(facts, units, [k for k in kpis if k.kpi not in steered], tell),
    }


MOST_COLUMNS = 10


def _table(
    facts: Facts, units: Sequence[Unit], kpis: Sequence[Kpi], tell: Teller
) -> dict[str, Any]:
    by_unit = len(units) > MOST_COLUMNS
    if by_unit:
        columns = [(tell.label(kpi), kpi.owner) for kpi in kpis]
        rows = [
            (unit.name, unit.owner or "", [_cell(facts, kpi, unit, tell) for kpi in kpis])
            for unit in units
        ]
    else:
        columns = [(unit.name, unit.owner or "") for unit in units]
        rows = [
            (tell.label(kpi), kpi.owner, [_cell(facts, kpi, unit, tell) for unit in units])
            for kpi in kpis
        ]
    return {"columns": columns, "rows": rows, "by_unit": by_unit}


def _cell(facts: Facts, kpi: Kpi, unit: Unit, tell: Teller) -> dict[str, Any]:
    figure = facts.newest.get((kpi.kpi, unit.org_unit_id))
    if figure is None:
        return {"value": NONE, "href": "", "badges": [], "target": ""}
    # A word in every cell would drown the ones that matter.
    badges = tell.marks(figure)
    return {
        "value": "" if figure.state == "hidden" else tell.amount(figure.kpi_value, kpi.unit),
        "href": page_of(kpi.kpi, unit.org_unit_id),
        "badges": badges,
        "target": "" if figure.target is None else tell.amount(figure.target, kpi.unit),
    }
