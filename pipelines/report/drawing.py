"""A course as a small line in the page itself: one path, no script, sharp at any size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.report.facts import Figure

WIDTH, HEIGHT = 120, 32
_EDGE = 3
MOST = 24


@dataclass(frozen=True, slots=True)
class Spark:
    """Paths in a box of WIDTH by HEIGHT: the value, the target, and a dot at the last value."""

    line: str
    target: str
    dot: str


def spark(course: Sequence[Figure]) -> Spark | None:
    """Of the closed periods, the last MOST; None where there are no two to draw a line between."""
    points = [f for f in course if f.is_closed and f.state != "partial"][-MOST:]
    values = [_known(f.kpi_value) for f in points]
    targets = [_known(f.target) for f in points]
    known = [v for v in (*values, *targets) if v is not None]
    if sum(v is not None for v in values) < 2:
        return None
    low, high = min(known), max(known)
    # Halved, since the distance of the two largest numbers there are is too large for one.
    width = high / 2 - low / 2

    def at(n: int, value: float) -> tuple[float, float]:
        across = _EDGE + n * (WIDTH - 2 * _EDGE) / max(len(points) - 1, 1)
        part = (value / 2 - low / 2) / width if width else 0.5
        return across, HEIGHT - _EDGE - part * (HEIGHT - 2 * _EDGE)

    last = max(n for n, value in enumerate(values) if value is not None)
    x, y = at(last, values[last] or 0.0)
    return Spark(_path(values, at), _path(targets, at), f"M{x:.1f} {y:.1f}h0")


def _path(values: Sequence[float | None], at: Callable[[int, float], tuple[float, float]]) -> str:
    parts, is_down = [], False
    for n, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        x, y = at(n, value)
        parts.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}")
        is_down = True
    return "".join(parts)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
