"""All files of a Power BI project, as text: the semantic model, the report, and what ties them."""

from __future__ import annotations

import json
from typing import Any

from pipelines.powerbi import pbir, tmdl
from pipelines.powerbi.model import Model, tag
from pipelines.powerbi.pages import fitting, pages

_SCHEMAS = pbir.SCHEMAS
PBIP = _SCHEMAS + "pbip/pbipProperties/1.0.0/schema.json"
PLATFORM = _SCHEMAS + "gitIntegration/platformProperties/2.0.0/schema.json"
PBIR = _SCHEMAS + "item/report/definitionProperties/2.0.0/schema.json"
PBISM = _SCHEMAS + "item/semanticModel/definitionProperties/1.0.0/schema.json"


def project(model: Model, audience: str, language: str) -> dict[str, str]:
    """Every file by its path in the project's folder; the same input gives the same text."""
    name = f"Koers-{audience}"
    semantic, report = f"{name}.SemanticModel", f"{name}.Report"
    shown = fitting(pages(language), model)
    found: dict[str, Any] = {
        f"{name}.pbip": {
            "$schema": PBIP,
            "version": "1.0",
            "artifacts": [{"report": {"path": report}}],
            "settings": {"enableAutoRecovery": True},
        },
        f"{semantic}/.platform": _platform("SemanticModel", name),
        f"{semantic}/definition.pbism": {"$schema": PBISM, "version": "4.2", "settings": {}},
        f"{report}/.platform": _platform("Report", name),
        f"{report}/definition.pbir": {
            "$schema": PBIR,
            "version": "4.0",
            "datasetReference": {"byPath": {"path": f"../{semantic}"}},
        },
        **{f"{report}/definition/{path}": each for path, each in pbir.files(shown).items()},
    }
    texts = {path: json.dumps(each, indent=2, ensure_ascii=False) + "\n"
             for path, each in found.items()}  # fmt: skip
    texts |= {f"{semantic}/definition/{path}": text for path, text in tmdl.files(model).items()}
    return dict(sorted(texts.items()))


def _platform(kind: str, name: str) -> dict[str, Any]:
    return {
        "$schema": PLATFORM,
        "metadata": {"type": kind, "displayName": name},
        "config": {"version": "2.0", "logicalId": tag("item", kind, name)},
    }
