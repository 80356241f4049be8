"""Made-up series in which nothing changes, for measuring how often they are called drifting."""

from __future__ import annotations

from collections.abc import Callable
from math import erf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.bands.scales import Kind

Array = NDArray[np.float64]
BURN_IN = 40
LAGS = (0.0, 0.3, 0.5)

Draw = Callable[[np.random.Generator, int, int], Array]


def _normal(random: np.random.Generator, rows: int, width: int) -> Array:
    return random.standard_normal((rows, width))


def student(freedom: int) -> Draw:
    """Standardised Student t."""
    sd = np.sqrt(freedom / (freedom - 2))
    return lambda random, rows, width: random.standard_t(freedom, (rows, width)) / sd


DRAWS: dict[str, Draw] = {"normal": _normal, "t5": student(5), "t3": student(3)}


def standard(
    random: np.random.Generator, rows: int, width: int, lag: float, draw: str = "normal"
) -> Array:
    """Series × periods with mean 0, sd 1 and AR(1) `lag`."""
    news = DRAWS[draw](random, rows, width + BURN_IN)
    found = news.copy()
    for t in range(1, width + BURN_IN):
        found[:, t] = lag * found[:, t - 1] + np.sqrt(1 - lag**2) * news[:, t]
    return found[:, BURN_IN:]


WEEKDAYS = np.array([1.0, 0.6, 0.2, 0.4, 0.0, -0.9, -1.3]) * 1.5
"""A week in sd of the series: a weekend that is quiet."""

SLOPE = 0.05
"""A steady trend in sd per period."""

Shape = Literal["plain", "season", "trend"]


def figures(
    random: np.random.Generator, rows: int, width: int, lag: float, draw: str, shape: Shape
) -> tuple[Kind, Array, Array | None]:
    """Series × periods as a KPI would have them: kind of the figure, values and denominators.

    Counts and shares get their autocorrelation from the chance of an event: a Gaussian copula, so
    that every point is Poisson (mean 20) or binomial (0.2 of 100 to 300 cases) exactly, with a
    season or trend in that mean.
    """
    week = np.arange(width) % 7
    if draw == "poisson":
        found = np.empty((rows, width))
        chance = _phi(standard(random, rows, width, lag))
        for t in range(width):
            moved = {"season": WEEKDAYS[week[t]], "trend": SLOPE * t}.get(shape, 0.0)
            mean = (np.sqrt(20.0) + moved / 2) ** 2
            found[:, t] = np.searchsorted(_poisson(mean, int(3 * mean + 60)), chance[:, t])
        return "count", found, None
    if draw == "binomial":
        sizes = random.integers(100, 301, width)
        found = np.empty((rows, width))
        chance = _phi(standard(random, rows, width, lag))
        for t, size in enumerate(sizes):
            part = 0.2 + (0.03 * WEEKDAYS[week[t]] if shape == "season" else 0.0)
            found[:, t] = np.searchsorted(_binomial(int(size), part), chance[:, t]) / size
        return "rate", found, np.broadcast_to(sizes.astype(float), found.shape)
    values = standard(random, rows, width, lag, draw)
    if shape == "season":
        values = values + WEEKDAYS[week]
    if shape == "trend":
        values = values + SLOPE * np.arange(width)
    return "score", values, None


def _phi(z: Array) -> Array:
    """The normal distribution function, from a table: a chance of 1e-9 is as near as needed."""
    return np.interp(z, _GRID, _CHANCE)


_GRID = np.linspace(-6, 6, 12_001)
_CHANCE = np.array([(1 + erf(z / 2**0.5)) / 2 for z in _GRID])


def _poisson(mean: float, most: int) -> Array:
    k = np.arange(most + 1)
    log = k * np.log(mean) - mean - np.cumsum(np.log(np.maximum(k, 1)))
    return np.cumsum(np.exp(log))


def _binomial(size: int, part: float) -> Array:
    k = np.arange(size + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    log = logs[size] - logs[k] - logs[size - k] + k * np.log(part) + (size - k) * np.log(1 - part)
    return np.cumsum(np.exp(log))
