"""Made-up series in which nothing changes, for measuring how often they are called drifting."""

from __future__ import annotations

from collections.abc import Callable
from math import erf

import numpy as np
from numpy.typing import NDArray

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


def figures(
    random: np.random.Generator, rows: int, width: int, lag: float, draw: str
) -> tuple[str, Array, Array | None]:
    """Series × periods as a KPI would have them: kind of the figure, values and denominators.

    Counts and shares get their autocorrelation from the chance of an event: a Gaussian copula, so
    that every point is Poisson (mean 20) or binomial (0.2 of 100 to 300 cases) exactly.
    """
    if draw in ("poisson", "binomial"):
        # Uniform with AR(1); the copula keeps nearly all of the autocorrelation.
        chance = np.clip(_phi(standard(random, rows, width, lag)), 1e-9, 1 - 1e-9)
        if draw == "poisson":
            return "count", _inverse(chance, _poisson(20.0, 80)), None
        sizes = random.integers(100, 301, (rows, width))
        values = np.empty((rows, width))
        for size in np.unique(sizes):
            at = sizes == size
            values[at] = _inverse(chance[at], _binomial(int(size), 0.2)) / size
        return "rate", values, sizes.astype(float)
    return "score", standard(random, rows, width, lag, draw), None


def _phi(z: Array) -> Array:
    return np.vectorize(erf)(z / np.sqrt(2)) / 2 + 0.5


def _poisson(mean: float, most: int) -> Array:
    k = np.arange(most + 1)
    log = k * np.log(mean) - mean - np.cumsum(np.log(np.maximum(k, 1)))
    return np.cumsum(np.exp(log))


def _binomial(size: int, part: float) -> Array:
    k = np.arange(size + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    log = logs[size] - logs[k] - logs[size - k] + k * np.log(part) + (size - k) * np.log(1 - part)
    return np.cumsum(np.exp(log))


def _inverse(chance: Array, cumulated: Array) -> Array:
    return np.searchsorted(cumulated, chance).astype(float)


WEEKDAYS = np.array([1.0, 0.6, 0.2, 0.4, 0.0, -0.9, -1.3]) * 1.5
"""A week in sd of the series: a weekend that is quiet."""
