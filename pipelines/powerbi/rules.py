"""How each KPI may be added up, from its dbt metric: what a DAX measure of it may do and what not.

A fact row holds a KPI of one unit in one period. Over several rows a sum is Σ numerator, a ratio
Σ numerator / Σ denominator, a balance that of the last period. What is none of these (a count of
distinct things, arithmetic over KPIs, a minimum) is shown of one row only, never added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.kpis.kpi import Kpi
from pipelines.powerbi.model import Text

Shape = Literal["sum", "ratio", "value"]
Over = Literal["sum", "last", "one"]


@dataclass(frozen=True)
class Rule:
    """`over_periods` and `over_units`: sum, the last one, or one row only."""

    kpi: str
    label: Text
    about: Text
    unit: str
    direction: str
    layer: str
    owner: str
    shape: Shape
    over_periods: Over
    over_units: Over


@dataclass(frozen=True)
class _Part:
    """How what is above or below the line behaves over periods and over units."""

    periods: Over
    units: Over


_ADDED = _Part("sum", "sum")
_ONE = _Part("one", "one")


class RuleError(ValueError):
    """The manifest holds no KPI, or one that names a metric or measure it lacks."""


def rules(manifest: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rule of every KPI in dbt's manifest, by name. Raises RuleError."""
    metrics = {metric["name"]: metric for metric in manifest.get("metrics", {}).values()}
    measures = {
        measure["name"]: measure
        for model in manifest.get("semantic_models", {}).values()
        for measure in model["measures"]
    }
    found = []
    try:
        for name, metric in sorted(metrics.items()):
            if meta := ((metric.get("config") or {}).get("meta") or {}).get("kpi"):
                found.append(_rule(name, Kpi.model_validate(meta), metrics, measures))
    except KeyError as error:
        raise RuleError(f"The manifest of dbt has no metric or measure {error}.") from error
    if not found:
        raise RuleError("The manifest of dbt holds no KPI; look at dbt_project/models/kpis/.")
    return tuple(found)


def _rule(name: str, kpi: Kpi, metrics: Mapping[str, Any], measures: Mapping[str, Any]) -> Rule:
    metric = metrics[name]
    params = metric["type_params"]
    shape: Shape
    if metric["type"] == "ratio":
        shape = "ratio"
        parts = [
            _part(params[place]["name"], metrics, measures)
            for place in ("numerator", "denominator")
        ]
    elif metric["type"] == "simple" and _agg(metric, measures) == "average":
        shape, parts = "ratio", [_ADDED, _ADDED]  # stored as a sum over a number of records
    else:
        parts = [_part(name, metrics, measures)]
        shape = "value" if parts == [_ONE] else "sum"
    periods: Over = parts[0].periods if len({part.periods for part in parts}) == 1 else "one"
    units: Over = parts[0].units if len({part.units for part in parts}) == 1 else "one"
    if (periods, units) == ("one", "one"):
        shape = "value"  # the row says it exactly; above and below the line may be rounded
    return Rule(
        kpi=name,
        label=Text(kpi.label.en, kpi.label.nl),
        about=Text(kpi.description.en, kpi.description.nl),
        unit=kpi.unit,
        direction=kpi.direction,
        layer=kpi.home_layer,
        owner=kpi.owner,
        shape=shape,
        over_periods=periods,
        over_units=units,
    )


def _part(name: str, metrics: Mapping[str, Any], measures: Mapping[str, Any]) -> _Part:
    metric = metrics[name]
    if metric["type"] == "simple":
        return _ADDED if _agg(metric, measures) in ("sum", "count") else _ONE
    if metric["type"] == "cumulative" and _agg(metric, measures) in ("sum", "count"):
        how = metric["type_params"]["cumulative_type_params"] or {}
        # A balance stands at the end of a period; days of a window would be counted twice.
        is_balance = not how.get("window") and not how.get("grain_to_date")
        return _Part("last" if is_balance else "one", "sum")
    return _ONE


def _agg(metric: Mapping[str, Any], measures: Mapping[str, Any]) -> str:
    return str(measures[metric["type_params"]["measure"]["name"]]["agg"])
