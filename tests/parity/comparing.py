"""Compares the KPI facts with what MetricFlow computes from the same definitions.

Equal means: sums, counts and balances to the last digit, ratios and derived metrics to 1e-9 of
their size. Where nothing is recorded MetricFlow has no row and Koers a zero: that is the same.
Of a window that ends with a period and in which nothing lies, MetricFlow shows the last day on
which something did lie in one; Koers shows zero, and that is not compared.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.parity.asking import GRAINS, LAYERS, Asking

TOLERANCE = 1e-9
ROUNDING = 0.00006
"""Facts keep numerators and denominators to four decimals, even one that is a ratio itself."""


@dataclass(frozen=True)
class Difference:
    """One figure that is not what MetricFlow says; `part` is value, numerator or denominator."""

    kpi: str
    org_unit_id: str
    grain: str
    period_start: dt.date
    part: str
    koers: Any
    metricflow: Any

    def __str__(self) -> str:
        return (
            f"{self.kpi} of {self.org_unit_id}, {self.grain} of {self.period_start}: {self.part} "
            f"is {self.koers}, MetricFlow says {self.metricflow}"
        )


@dataclass
class Parity:
    """How many figures were compared, and those that differ. `not_asked` are units that stand
    above others of their own layer: MetricFlow has one column per layer and no name for them."""

    compared: int
    differences: list[Difference]
    not_asked: tuple[str, ...]


def compare(
    warehouse: Path,
    state: Path,
    *,
    kpis: Sequence[str] = (),
    grains: Sequence[str] = GRAINS,
    layers: Sequence[str] = LAYERS,
    progress: Callable[[str], None] = lambda _: None,
) -> Parity:
    """Every closed period of the facts of a warehouse, or of some KPIs, grains and layers.

    state: the folder with dbt's `manifest.json` and `semantic_manifest.json`.
    """
    metrics = {
        metric["name"]: metric
        for metric in json.loads((state / "manifest.json").read_text())["metrics"].values()
        if "kpi" in (metric["config"].get("meta") or {})
    }
    chosen = sorted(set(kpis) & set(metrics)) if kpis else sorted(metrics)
    facts = duckdb.connect(str(warehouse), read_only=True)
    first, last = facts.execute(
        "select min(period_start), max(period_end) from fct_kpi_values"
    ).fetchall()[0]
    above_their_own = tuple(
        unit
        for (unit,) in facts.execute(
            "select distinct parent_id from dim_org_unit_history as below"
            " where layer <> 'project' and exists (select 1 from dim_org_unit as above"
            "   where above.org_unit_id = below.parent_id and above.layer = below.layer)"
        ).fetchall()
    )
    ended = dict(
        facts.execute(
            "select org_unit_id, max(valid_to) from dim_org_unit_history group by 1"
        ).fetchall()
    )
    facts.close()
    asking = Asking(warehouse, state / "semantic_manifest.json", [first, last])
    result = Parity(0, [], above_their_own)
    try:
        for number, kpi in enumerate(chosen, 1):
            progress(f"{number}/{len(chosen)} {kpi}")
            for layer in layers:
                for grain in grains:
                    _one(asking, warehouse, metrics[kpi], grain, layer, ended, result)
    finally:
        asking.close()
    return result


def _one(
    asking: Asking,
    warehouse: Path,
    metric: dict[str, Any],
    grain: str,
    layer: str,
    ended: dict[str, dt.date],
    into: Parity,
) -> None:
    """One KPI at one grain and layer. A unit that ended has no facts after its last day (`ended`),
    though a balance that leaves it then still moves."""
    kpi, parts = metric["name"], _parts(metric)
    answer = asking.ask(list(parts), grain, layer)
    with duckdb.connect(str(warehouse), read_only=True) as facts:
        rows = facts.execute(
            "select org_unit_id, period_start, kpi_value, numerator, denominator, sample_size"
            " from fct_kpi_values inner join dim_org_unit using (org_unit_id)"
            " where kpi = ? and grain = ? and layer = ? and is_closed",
            [kpi, grain, layer],
        ).fetchall()
        (as_of,) = facts.execute(
            "select max(period_end) from fct_kpi_values where kpi = ? and grain = ? and is_closed",
            [kpi, grain],
        ).fetchall()[0]
    for unit, start, value, numerator, denominator, sample_size in rows:
        said = answer.pop((unit, start), (None,) * len(parts))
        if unit in into.not_asked or (_has_window(metric) and sample_size == 0):
            continue
        # An amount or a count is exact in its numerator; the value beside it is a double.
        exact = metric["type"] in ("simple", "cumulative") and denominator is None
        shown = (numerator if exact else value, numerator, denominator)
        for part, theirs in zip(parts.values(), said, strict=True):
            ours = shown[("value", "numerator", "denominator").index(part)]
            into.compared += 1
            nothing = theirs is None and (ours == 0 or numerator == 0)
            # Over less than nothing MetricFlow divides, and Koers knows no ratio.
            if part == "value" and ours is None and denominator is not None and denominator < 0:
                continue
            if not (nothing or _same(ours, theirs, exact or part != "value", part)):
                into.differences.append(Difference(kpi, unit, grain, start, part, ours, theirs))
    for (unit, start), theirs in answer.items():
        known = as_of and _end(grain, start) <= as_of and start <= ended.get(unit, dt.date.max)
        if known and unit not in into.not_asked and theirs[0]:
            into.differences.append(
                Difference(kpi, unit, grain, start, "value", "no fact", theirs[0])
            )


def _has_window(metric: dict[str, Any]) -> bool:
    how = metric["type_params"].get("cumulative_type_params") or {}
    return metric["type"] == "cumulative" and bool(how.get("window") or how.get("grain_to_date"))


def _parts(metric: dict[str, Any]) -> dict[str, str]:
    """The metrics to ask for, and which part of the fact each is."""
    found = {metric["name"]: "value"}
    if metric["type"] == "ratio" and not metric["filter"]:
        for part in ("numerator", "denominator"):
            given = metric["type_params"][part]
            if not given["filter"] and given["name"] not in found:
                found[given["name"]] = part
    return found


def _same(ours: Any, theirs: Any, exact: bool, part: str) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    if exact and isinstance(theirs, (int, Decimal)):
        return Decimal(ours) == Decimal(theirs)
    tolerance = TOLERANCE if part == "value" else ROUNDING
    return math.isclose(float(ours), float(theirs), rel_tol=TOLERANCE, abs_tol=tolerance)


def _end(grain: str, start: dt.date) -> dt.date:
    if grain in ("day", "week"):
        return start + dt.timedelta(days=0 if grain == "day" else 6)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    index = start.year * 12 + start.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1) - dt.timedelta(days=1)
