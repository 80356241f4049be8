"""Which people stand behind a figure: declared with the measures, read from the dbt manifest.

`config.meta.people` of a semantic model, or of one of its measures, says who a figure is about:

- `answers`: each row is somebody's answer; the group is the number of rows.
- `employees`: each row is what an employee did; the group is the employees who have rows.
- `nobody`: a figure of the business, whoever did the work.

What says nothing counts as `employees`: forgetting it hides too much, not too little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWERS, EMPLOYEES, NOBODY = "answers", "employees", "nobody"
KINDS = (ANSWERS, EMPLOYEES, NOBODY)


class PeopleError(ValueError):
    """A measure declares people of a kind that there is not."""


@dataclass(frozen=True)
class Group:
    """Measures of one semantic model with the same people behind them: they are shown and hidden
    together, so that no two of them can be subtracted."""

    name: str
    kind: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class People:
    """`groups` by name; `behind`: the groups that a KPI's figures are about; `running`: KPIs that
    are added up over days before their period, so that their figures cut through months."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict)
    running: frozenset[str] = frozenset()


def people_of(manifest: Mapping[str, Any]) -> People:
    """The people behind every KPI of a dbt manifest. Raises PeopleError naming the measure."""
    kinds, models = {}, {}
    for model in manifest.get("semantic_models", {}).values():
        of_model = _declared(model, EMPLOYEES)
        for measure in model["measures"]:
            kind = _declared(measure, of_model)
            if kind not in KINDS:
                raise PeopleError(
                    f"{model.get('original_file_path')}: measure {measure['name']}: people is "
                    f"{kind!r}. Write {', '.join(KINDS)}."
                )
            kinds[measure["name"]], models[measure["name"]] = kind, model["name"]
    members: dict[tuple[str, str], list[str]] = {}
    for name, kind in kinds.items():
        if kind != NOBODY:
            members.setdefault((models[name], kind), []).append(name)
    groups = {
        f"{model}/{kind}": Group(f"{model}/{kind}", kind, tuple(sorted(names)))
        for (model, kind), names in sorted(members.items())
    }
    of_measure = {measure: group.name for group in groups.values() for measure in group.measures}
    metrics = {metric["name"]: metric for metric in manifest.get("metrics", {}).values()}
    behind = {}
    running = set()
    for name, metric in metrics.items():
        used = {each["name"] for each in metric["type_params"].get("input_measures") or []}
        found = frozenset(of_measure[measure] for measure in used if measure in of_measure)
        if found and _is_kpi(metric):
            behind[name] = found
            if any(each["type"] == "cumulative" for each in _with_inputs(name, metrics)):
                running.add(name)
    return People(groups, behind, frozenset(running))


def _declared(node: Mapping[str, Any], default: str) -> str:
    meta = (node.get("config") or {}).get("meta") or {}
    return str(meta.get("people", default))


def _is_kpi(metric: Mapping[str, Any]) -> bool:
    return "kpi" in ((metric.get("config") or {}).get("meta") or metric.get("meta") or {})


def _with_inputs(name: str, metrics: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    metric = metrics.get(name)
    if metric is None:
        return
    yield metric
    params = metric["type_params"]
    inputs = [params.get("numerator"), params.get("denominator"), *(params.get("metrics") or [])]
    for each in inputs:
        if each:
            yield from _with_inputs(each["name"], metrics)
