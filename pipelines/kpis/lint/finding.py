"""What the lint found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""error: it cannot be steered on as it is; warning: repair it at the next review; note: worth a
thought."""

Said = str | int | float | dt.date | tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One finding about one KPI, or about several together. `said` fills the sentences of the rule
    (`words.py`); a text that begins with `@` is the name of a KPI, and read as its label."""

    rule: str
    severity: Severity
    kpis: tuple[str, ...]
    owner: str | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
