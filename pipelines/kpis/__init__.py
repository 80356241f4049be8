"""KPI definitions: dbt metrics with `config.meta.kpi`.

`check_definitions` reads the YAML files and refuses wrong ones before anything runs; `load_kpis`
takes the KPIs from a dbt manifest that is already loaded, without I/O; `schema` is the JSON Schema
that an editor completes and checks the files by (`dbt_project/kpi.schema.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipelines.kpis.kpi import Kpi
from pipelines.kpis.metric import DefinitionFile
from pipelines.kpis.reading import read_definitions
from pipelines.kpis.rules import faults

__all__ = ["SCHEMA_FILE", "Kpi", "KpiError", "check_definitions", "load_kpis", "schema"]

SCHEMA_FILE = "kpi.schema.json"
"""In the dbt project."""


class KpiError(ValueError):
    """KPI definitions cannot be used; a line for each fault: file, KPI, field, remedy."""


def check_definitions(project: Path) -> dict[str, Any]:
    """The metrics that are KPIs by name, from the files of a dbt project. Raises KpiError, naming
    every fault."""
    found = read_definitions(project)
    wrong = [*found.faults, *faults(found)]
    if wrong:
        raise KpiError("\n".join(wrong))
    return {name: metric for name, metric in sorted(found.metrics.items()) if metric.kpi}


def load_kpis(manifest: Mapping[str, Any]) -> dict[str, Kpi]:
    """The KPIs of a dbt manifest by name, in order of name. Raises KpiError, naming every fault."""
    kpis: dict[str, Kpi] = {}
    wrong: list[str] = []
    metrics = manifest.get("metrics", {}).values()
    for metric in sorted(metrics, key=lambda metric: str(metric["name"])):
        meta = (metric.get("config") or {}).get("meta") or metric.get("meta") or {}
        if "kpi" not in meta:
            continue
        try:
            kpis[metric["name"]] = Kpi.model_validate(meta["kpi"])
        except ValidationError as error:
            wrong.append(f"{metric.get('original_file_path')}: KPI {metric['name']}: {error}")
    if wrong:
        raise KpiError("\n".join(wrong))
    return kpis


def schema() -> dict[str, Any]:
    """The JSON Schema of a file with metrics."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **DefinitionFile.model_json_schema(),
        "title": "Koers: KPIs as dbt metrics",
    }
