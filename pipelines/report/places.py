"""Where the pages of a report stand, relative to the folder of their language."""

from __future__ import annotations

import hashlib
import re

FIRST = "index.html"
TREE = "tree.html"
ALERTS = "alerts.html"
SOURCES = "sources.html"
KPIS = "kpis.html"

_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_LONGEST = 40


def page_of(kpi: str, org_unit_id: str) -> str:
    """The page of a KPI of a unit: `kpi/revenue/team-noord.html`. The same for every publication,
    so that a link in a message keeps working."""
    return f"kpi/{file_name(kpi)}/{file_name(org_unit_id)}.html"


def layer_page(layer: str) -> str:
    return f"layer-{layer}.html"


def file_name(name: str) -> str:
    """A name as part of an address and of a path: as it is where it is safe on every file system,
    else what is safe of it and a mark, so that no two names share one."""
    if _SAFE.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    kept = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-")
    # Two hyphens: no name that is safe as it is may be the same by chance.
    return f"{kept or 'x'}--{mark}"
