"""KPI definitions: what stands under `config.meta.kpi` of a dbt metric.

    python -m pipelines.kpis schema     writes the JSON Schema of that block

A wrong definition is refused with its file, KPI, field and what to write instead. Reading a
manifest that is already loaded does no I/O.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Layer = Literal["organisation", "department", "team", "project", "individual"]


class KpiError(ValueError):
    """A KPI definition cannot be used; the text names the file, the KPI, the field, the remedy."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(_Strict):
    nl: Text
    en: Text


class Smart(_Strict):
    """Why this KPI may be steered on."""

    specific: Text = Field(description="What exactly is counted.")
    measurable: Text = Field(description="The source the figures come from.")
    accepted: Text = Field(description="Who accepted the target, and when.")
    realistic: Text = Field(description="The evidence that the target can be met.")
    time_bound: Text = Field(description="Until when the target holds, and how often it is judged.")


class Tolerance(_Strict):
    """How far from its target a value may be. `percent` is a fraction of the target (0.1 is 10 %),
    `absolute` is in the KPI's own unit."""

    type: Literal["percent", "absolute"]
    lower: float = Field(ge=0, description="Below the target.")
    upper: float = Field(ge=0, description="Above the target.")


class Kpi(_Strict):
    """One KPI."""

    label: Bilingual
    description: Bilingual
    home_layer: Layer = Field(description="The layer whose units steer on it.")
    owner: Text = Field(description="Who answers for it: a name used in the organisation.")
    unit: Literal["currency", "percent", "count", "score", "days", "hours", "number"] = Field(
        description="Of the value; a percent is a fraction (0.23)."
    )
    direction: Literal["higher", "lower", "within"] = Field(description="Which way is better.")
    cadence: Literal["day", "week", "month", "quarter", "year"] = Field(
        description="The length of the periods that are judged."
    )
    drivers: tuple[str, ...] = Field(default=(), description="KPIs that move this one.")
    smart: Smart
    review_date: dt.date = Field(description="When the definition is looked at again.")
    tolerance: Tolerance = Field(description="Where a target names none of its own.")


def load_kpis(manifest: Mapping[str, Any]) -> dict[str, Kpi]:
    """The KPIs of a dbt manifest by name, in order of name. Raises KpiError, naming every fault."""
    kpis: dict[str, Kpi] = {}
    files: dict[str, str] = {}
    faults: list[str] = []
    metrics = manifest.get("metrics", {}).values()
    for metric in sorted(metrics, key=lambda metric: str(metric["name"])):
        meta = (metric.get("config") or {}).get("meta") or metric.get("meta") or {}
        if "kpi" not in meta:
            continue
        name, file = metric["name"], metric.get("original_file_path", "?")
        files[name] = file
        try:
            kpis[name] = Kpi.model_validate(meta["kpi"])
        except ValidationError as error:
            faults += [_fault(file, name, detail) for detail in error.errors()]
    for name, kpi in kpis.items():
        for driver in kpi.drivers:
            if driver not in files:
                faults.append(
                    f"{files[name]}: KPI {name}: drivers: there is no KPI {driver!r}. "
                    f"Name one of: {', '.join(sorted(files))}."
                )
            elif driver == name:
                faults.append(f"{files[name]}: KPI {name}: drivers: it cannot drive itself.")
    if faults:
        raise KpiError("\n".join(faults))
    return kpis


def schema() -> dict[str, Any]:
    """The JSON Schema of `config.meta.kpi`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Kpi.model_json_schema(),
        "title": "config.meta.kpi",
    }


def _fault(file: str, kpi: str, detail: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in detail["loc"]) or "config.meta.kpi"
    match detail["type"]:
        case "missing":
            remedy = "Add it"
        case "extra_forbidden":
            remedy = "Remove it, or mend its spelling"
        case _:
            remedy = f"It says {detail['input']!r}"
    return f"{file}: KPI {kpi}: {field}: {detail['msg']}. {remedy}."


def main(arguments: list[str]) -> int:
    if arguments != ["schema"]:
        sys.stderr.write("Usage: python -m pipelines.kpis schema\n")
        return 2
    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
