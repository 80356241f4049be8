"""Reads the metric definitions of the dbt project, before dbt does: a wrong one is refused with its
file, KPI, field and what to write instead, all of them at once, and nothing has run yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipelines.kpis.metric import Metric
from pipelines.people import KINDS
from pipelines.security.yaml_text import YamlError, parse_for_dbt

METRIC: TypeAdapter[Any] = TypeAdapter(Metric)


@dataclass(frozen=True)
class Measure:
    """A measure of a semantic model: how it is aggregated and by what its rows may be filtered."""

    name: str
    agg: str
    model: str
    file: str
    entity: str
    dimensions: frozenset[str]
    layers: frozenset[str]
    is_non_additive: bool
    has_metric: bool


@dataclass
class Definitions:
    """All metrics by name with their files, all measures by name, and what is wrong so far."""

    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def called(self, name: str) -> str:
        """The file and the metric, as a fault begins."""
        metric = self.metrics.get(name)
        return f"{self.files[name]}: {'KPI' if metric and metric.kpi else 'metric'} {name}"


def read_definitions(project: Path) -> Definitions:
    """Every `*.yml` under the models of a dbt project."""
    found = Definitions()
    for file in sorted((project / "models").rglob("*.yml")):
        name = str(file.relative_to(project))
        try:
            content = parse_for_dbt(file.read_text(encoding="utf-8")) or {}
        except YamlError as error:
            found.faults.append(f"{name}: {error}. Mend that line, or its indentation.")
            continue
        if isinstance(content, dict):
            _semantic_models(found, name, content.get("semantic_models") or [])
            _metrics(found, name, content.get("metrics") or [])
    return found


def _semantic_models(found: Definitions, file: str, models: list[Any]) -> None:
    for model in models:
        found.faults += _people(file, f"semantic model {model['name']}", model)
        dimensions = {d["name"]: d.get("type") for d in model.get("dimensions") or []}
        entities = {entity["name"] for entity in model.get("entities") or []}
        for measure in model.get("measures") or []:
            found.faults += _people(file, f"measure {measure['name']}", measure)
            found.measures[measure["name"]] = Measure(
                name=measure["name"],
                agg=str(measure.get("agg", "")).lower(),
                model=model["name"],
                file=file,
                entity=str(model.get("primary_entity", "")),
                dimensions=frozenset(n for n, kind in dimensions.items() if kind == "categorical"),
                layers=frozenset(entities | set(dimensions)),
                is_non_additive=bool(measure.get("non_additive_dimension")),
                has_metric=bool(measure.get("create_metric")),
            )


def _people(file: str, called: str, entry: Mapping[str, Any]) -> Iterator[str]:
    people = _meta(entry).get("people", KINDS[0])
    if people not in KINDS:
        yield (
            f"{file}: {called}: config.meta.people: {people!r} is not known. "
            f"Write {', '.join(KINDS)}."
        )


def _metrics(found: Definitions, file: str, metrics: list[Any]) -> None:
    for entry in metrics:
        name = str(entry.get("name", "?")) if isinstance(entry, dict) else "?"
        is_kpi = isinstance(entry, dict) and "kpi" in _meta(entry)
        if name in found.files:
            found.faults.append(
                f"{file}: metric {name}: name: {found.files[name]} has one too. Rename one."
            )
        found.files[name] = file
        for place in _templates(entry):
            found.faults.append(
                f"{file}: metric {name}: {place}: holds a template, which dbt fills in. Only a "
                "filter may: {{ Dimension('entity__dimension') }}."
            )
        try:
            found.metrics[name] = METRIC.validate_python(entry)
        except ValidationError as error:
            called = f"{file}: {'KPI' if is_kpi else 'metric'} {name}"
            found.faults += [f"{called}: {fault}" for fault in _faults(error)]


def _templates(value: Any, place: str = "") -> Iterator[str]:
    """Where a text outside of filters holds Jinja: dbt fills it in, also with what the environment
    holds."""
    if isinstance(value, str) and any(sign in value for sign in ("{{", "{%", "{#")):
        yield place or "its name"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "filter":
                yield from _templates(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _templates(inner, place)


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    config = entry.get("config")
    meta = config.get("meta") if isinstance(config, dict) else None
    return meta if isinstance(meta, dict) else {}


REMEDIES = {
    "type": "Write it as simple, ratio, derived or cumulative",
    "period_agg": "Write period_agg: last",
    "window": "Write a number of days, such as 90 days",
    "grain_to_date": "Write month, quarter or year",
    "offset_window": "Compare periods in fct_kpi_contributions, or measure the change itself",
    "offset_to_grain": "Use a cumulative metric with grain_to_date",
}


def _faults(error: ValidationError) -> Iterator[str]:
    """One line per field; of a field that may be written in two ways, only the longer one."""
    details = error.errors()
    deep = {_path(d["loc"]) for d in details if len(_path(d["loc"])) > 1}
    for detail in details:
        path = _path(detail["loc"])
        if detail["type"] == "string_type" and any(
            other[: len(path)] == path and other != path for other in deep
        ):
            continue
        field_name = ".".join(path) or "type"
        remedy = REMEDIES.get(field_name.rsplit(".", 1)[-1])
        if not remedy:
            match detail["type"]:
                case "missing":
                    remedy = "Add it"
                case "extra_forbidden":
                    remedy = "Remove it, or mend its spelling"
                case _:
                    remedy = f"It says {detail['input']!r}"
        yield f"{field_name}: {detail['msg']}. {remedy}."


def _path(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Without what pydantic adds: the type of the metric, and which way of writing it tried."""
    parts = [str(part) for part in location]
    if parts and parts[0] in ("simple", "ratio", "derived", "cumulative"):
        parts = parts[1:]
    added = ("MeasureInput", "MetricInput", "constrained-str")
    return tuple(part for part in parts if part not in added and "[" not in part)
