"""What must hold between metric definitions, beyond each entry by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.kpis.kpi import Kpi
from pipelines.kpis.metric import MeasureInput, MetricInput
from pipelines.kpis.reading import Definitions, Measure
from pipelines.security.expressions import ARITHMETIC, FILTER, columns, refused

AGGREGATIONS = ("sum", "count", "average", "count_distinct", "min", "max")
ADDITIVE = ("sum", "count")
MOST_FACTORS = 4
LAYERS = ("organisation", "department", "team", "individual", "project")
FUNCTIONS = {
    "abs",
    "coalesce",
    "exp",
    "greatest",
    "least",
    "ln",
    "nullif",
    "power",
    "round",
    "sqrt",
}
FUNCTIONS |= {"and", "between", "case", "else", "end", "in", "is", "not", "null", "or", "then"}
FUNCTIONS |= {"when"}
REMEDY_OF_AGGREGATION = "Use one of " + ", ".join(AGGREGATIONS)

_A_DIMENSION = "koers_dimension"
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}")
_DIMENSION = re.compile(r"""^\s*Dimension\(\s*['"](\w+?)__(\w+)['"]\s*\)\s*$""")


def faults(found: Definitions) -> Iterator[str]:
    """Everything wrong between the definitions, a line each."""
    known = set(found.files) | {m.name for m in found.measures.values() if m.has_metric}
    for name, metric in found.metrics.items():
        called = found.called(name)
        for what, remedy in (*_inputs(found, metric, known), *_circle(found, name)):
            yield f"{called}: {what}. {remedy}."
    for name, metric in found.metrics.items():
        if metric.kpi:
            called = found.called(name)
            for what, remedy in _of_kpi(found, name, metric):
                yield f"{called}: {what}. {remedy}."


def _inputs(found: Definitions, metric: Any, known: set[str]) -> Iterator[tuple[str, str]]:
    params = metric.type_params
    if metric.type in ("simple", "cumulative"):
        yield from _measure(found, metric, params.measure)
        return
    given = _given(metric)
    for each in given:
        if (name := _name(each)) not in known:
            yield (
                f"type_params: there is no metric {name!r}",
                "Name one of a YAML file, or a measure",
            )
    if metric.type == "derived":
        names = {_alias(each) for each in given}
        for word in _WORD.findall(params.expr):
            if word not in names and word.lower() not in FUNCTIONS:
                yield (
                    f"type_params.expr: {word!r} is no input and no known function",
                    f"Add it to metrics, or use {', '.join(sorted(names))} and plain arithmetic",
                )
        if what := refused(params.expr, ARITHMETIC):
            yield f"type_params.expr: {what}", "Write arithmetic over its metrics, and no more"
        for unused in sorted(names - set(_WORD.findall(params.expr))):
            yield f"type_params.metrics: {unused!r} is not in expr", "Remove it, or use it"
    elif _alias(params.numerator) == _alias(params.denominator):
        yield (
            "type_params: numerator and denominator have one name",
            "Give the filtered one an alias",
        )


def _measure(found: Definitions, metric: Any, given: Any) -> Iterator[tuple[str, str]]:
    measure = found.measures.get(_name(given))
    if measure is None:
        yield (
            f"type_params.measure: there is no measure {_name(given)!r}",
            f"Name one of: {', '.join(sorted(found.measures))}",
        )
        return
    if measure.agg not in AGGREGATIONS:
        yield f"type_params.measure: {measure.name} has agg {measure.agg}", REMEDY_OF_AGGREGATION
    if measure.is_non_additive:
        yield (
            f"type_params.measure: {measure.name} has a non_additive_dimension",
            "Measure the changes of a balance, and make the metric cumulative",
        )
    if metric.type == "cumulative" and measure.agg not in ADDITIVE:
        yield (
            f"type_params.measure: {measure.name} has agg {measure.agg}, which cannot run on",
            "Use a measure with agg sum or count",
        )


def _of_kpi(found: Definitions, name: str, metric: Any) -> Iterator[tuple[str, str]]:
    for driver in metric.kpi.drivers:
        if driver == name:
            yield "drivers: it cannot drive itself", "Remove it"
        elif driver not in found.files or (
            driver in found.metrics and not found.metrics[driver].kpi
        ):
            kpis = sorted(n for n, m in found.metrics.items() if m.kpi)
            yield f"drivers: there is no KPI {driver!r}", f"Name one of: {', '.join(kpis)}"
    if name in _reach(name, lambda kpi: _drivers(found, kpi)):
        yield "drivers: they come back to it in a circle", "Take one of them out"
    yield from _relation(metric.kpi)
    for measure, filters in _measures_below(found, name, ()):
        if missing := [layer for layer in LAYERS if layer not in measure.layers]:
            yield (
                f"semantic model {measure.model} ({measure.file}) has no entity {missing[0]}",
                "Give it the five layers, as every model in models/measures does",
            )
        for text in filters:
            yield from _filter(measure, text)


def _relation(kpi: Kpi) -> Iterator[tuple[str, str]]:
    """What a declared relation to the drivers must be like to be explained by it."""
    relation, count = kpi.driver_relation, len(kpi.drivers)
    if relation is None:
        if kpi.driver_signs or kpi.driver_scale != 1:
            yield "driver_relation: it is missing", "Say sum, product or ratio, or remove the rest"
        return
    if len(set(kpi.drivers)) < count:
        yield "drivers: one is named twice", "Name each once"
    if relation == "sum" and not count:
        yield "drivers: a sum has none", "Name its terms, or remove driver_relation"
    if relation == "product" and not 2 <= count <= MOST_FACTORS:
        yield f"drivers: a product has {count}", f"Name 2 to {MOST_FACTORS} factors"
    if relation == "ratio" and count != 2:
        yield f"drivers: a ratio has {count}", "Name what is above the line, then what is below it"
    if kpi.driver_signs and (relation != "sum" or len(kpi.driver_signs) != count):
        yield (
            f"driver_signs: {len(kpi.driver_signs)} for a {relation} of {count} drivers",
            "Give each driver of a sum one, and those of a product or ratio none",
        )
    if kpi.driver_scale == 0 or (kpi.driver_scale != 1 and relation == "sum"):
        yield (
            f"driver_scale: {kpi.driver_scale:g} for a {relation}",
            "Remove it; a product or ratio may have any number but 0",
        )


def _filter(measure: Measure, text: str) -> Iterator[tuple[str, str]]:
    for template in _TEMPLATE.findall(text):
        dimension = _DIMENSION.match(template)
        if not dimension:
            yield (
                f"filter: {{{{{template}}}}} is not known here",
                "Use {{ Dimension('entity__dimension') }} only",
            )
        elif dimension[2] not in measure.dimensions:
            there = ", ".join(sorted(measure.dimensions)) or "none"
            yield (
                f"filter: semantic model {measure.model} of measure {measure.name} has no "
                f"categorical dimension {dimension[2]!r}",
                f"It has: {there}",
            )
        elif dimension[1] != measure.entity:
            yield (
                f"filter: {dimension[1]!r} is not what a row of {measure.model} is",
                f"Write {{{{ Dimension('{measure.entity}__{dimension[2]}') }}}}",
            )
    if "{%" in text or "{#" in text:
        yield "filter: it holds a Jinja statement", "Write plain SQL over dimensions"
        return
    plain = _TEMPLATE.sub(f" {_A_DIMENSION} ", text)
    if what := refused(plain, FILTER):
        yield f"filter: {what}", "Compare dimensions with texts, and no more"
    elif bare := columns(plain) - {_A_DIMENSION}:
        names = ", ".join(sorted(bare))
        yield f"filter: {names} is no dimension", "Write {{ Dimension('entity__dimension') }}"


def _measures_below(
    found: Definitions, name: str, filters: tuple[str, ...], seen: tuple[str, ...] = ()
) -> Iterator[tuple[Measure, tuple[str, ...]]]:
    """The measures that a metric comes from, each with all filters on the way to it."""
    metric = found.metrics.get(name)
    if name in seen:
        return
    if metric is None:
        if measure := found.measures.get(name):
            yield measure, filters
        return
    filters = (*filters, *_texts(metric.filter))
    params = metric.type_params
    if metric.type in ("simple", "cumulative"):
        if measure := found.measures.get(_name(params.measure)):
            yield measure, (*filters, *_own_filter(params.measure))
        return
    for each in _given(metric):
        yield from _measures_below(
            found, _name(each), (*filters, *_own_filter(each)), (*seen, name)
        )


def _circle(found: Definitions, name: str) -> Iterator[tuple[str, str]]:
    if name in _reach(name, lambda metric: _metrics_below(found, metric)):
        yield "type_params: it is made of itself", "Take the circle out"


def _metrics_below(found: Definitions, name: str) -> list[str]:
    metric = found.metrics.get(name)
    if metric is None or metric.type in ("simple", "cumulative"):
        return []
    return [_name(each) for each in _given(metric)]


def _drivers(found: Definitions, name: str) -> list[str]:
    metric = found.metrics.get(name)
    return [d for d in metric.kpi.drivers if d != name] if metric and metric.kpi else []


def _reach(start: str, step: Any) -> set[str]:
    """Everything that is reached from a name in one step or more."""
    seen: set[str] = set()
    todo = list(step(start))
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += step(name)
    return seen


def _given(metric: Any) -> list[str | MetricInput]:
    """What a ratio or derived metric is made of."""
    params = metric.type_params
    return params.metrics if metric.type == "derived" else [params.numerator, params.denominator]


def _name(given: str | MeasureInput | MetricInput) -> str:
    return given if isinstance(given, str) else given.name


def _alias(given: str | MetricInput) -> str:
    return given if isinstance(given, str) else given.alias or given.name


def _own_filter(given: str | MeasureInput | MetricInput) -> tuple[str, ...]:
    return () if isinstance(given, str) else _texts(given.filter)


def _texts(given: str | list[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)
