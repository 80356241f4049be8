"""What every check gets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipelines.operations.finding import Finding
from pipelines.settings import Home, Settings


@dataclass(frozen=True)
class Look:
    """`settings`: None where koers.yaml cannot be used. `now`: aware. `ask`: whether vendors may be
    asked, which takes requests."""

    home: Home
    settings: Settings | None
    environment: Mapping[str, str]
    now: dt.datetime
    ask: bool = False

    @property
    def chosen(self) -> Settings:
        """The settings, or those that hold without koers.yaml."""
        return self.settings or Settings()


Check = Callable[[Look], Iterator[Finding]]


def told(age: dt.timedelta) -> str:
    """An age for people: 40 s, 12 min, 5 h, 3 days."""
    seconds = max(age.total_seconds(), 0)
    for size, unit in ((86_400 * 2, "days"), (3_600 * 2, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / {'days': 86_400, 'h': 3_600, 'min': 60}[unit]:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(number: float) -> str:
    """Bytes for people: 12 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
