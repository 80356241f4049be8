"""How many spreads from the centre the limits are, so that the false-alarm budget is kept.

The budget is a number of false drift alerts per KPI of a unit per year of closed periods; shared
over the periods of a year it is the chance per period that a series in which nothing changed is
called drifting. Prediction from few points with an estimated level, spread and autocorrelation has
no closed form, so the factors were simulated (`python -m benchmarks.bands_calibrate`).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from pipelines.bands.factors import ALPHAS, FACTORS, POINTS
from pipelines.bands.robust import Array

PERIODS_PER_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}

MOST_ALPHA = 0.10
"""Of a quarter or a year the budget alone would call one period in four, or every one, drifting:
a band like that says nothing. So these are judged more strictly than the budget asks."""

INCIDENT_ALPHA = 0.0027
"""A drifting point that would be so with this chance too is an incident, and is left out of what
follows: leaving out every point outside a narrow band would make the band narrower and narrower."""

PERSISTS = {"day": 14, "week": 8, "month": 6, "quarter": 4, "year": 3}
"""After so many incidents in a row on one side, the new level is the normal one."""


def alpha_of(grain: str, budget: float) -> float:
    """The chance of a false alarm per period: budget / periods per year, between the smallest alpha
    that was simulated and MOST_ALPHA. Raises KeyError for a grain there is none of."""
    return float(np.clip(budget / PERIODS_PER_YEAR[grain], ALPHAS[0], MOST_ALPHA))


def enough(alpha: float) -> int:
    """The least number of points before a verdict: with fewer the budget is not kept."""
    return next(n for least, n in ENOUGH if alpha >= least)


ENOUGH = ((0.05, 7), (0.01, 24), (0.0, 45))
"""From which alpha, and how many points. Read off the benchmark: docs/process-band.md."""


def beyond_normal(tails: Array) -> Array:
    """How heavy the tails look, with 0 for normal ones, within what was simulated."""
    return np.clip(tails - 1, -0.25, 0.6)


def limit(points: Array, tails: Array, alpha: float) -> Array:
    """The half-width of the band in spreads, from how many points (less what season and slope took)
    and how heavy the tails are. Interpolated over 1/points and log alpha."""
    grid, at_normal, per_tail = _between(alpha)
    inverse = 1 / np.maximum(points, POINTS[0])
    base = np.interp(inverse, grid, at_normal)
    rise = np.interp(inverse, grid, per_tail)
    return np.asarray(base + rise * beyond_normal(tails))


@cache
def _between(alpha: float) -> tuple[Array, Array, Array]:
    """For one alpha, 1/points in rising order, and for each the factors at normal tails and per
    unit of tails. Kept: a walk asks for the same few alphas at every period."""
    low = int(np.clip(np.searchsorted(ALPHAS, alpha) - 1, 0, len(ALPHAS) - 2))
    span = np.log(ALPHAS[low + 1]) - np.log(ALPHAS[low])
    part = float(np.clip((np.log(alpha) - np.log(ALPHAS[low])) / span, 0, 1))
    table = np.asarray(FACTORS)  # alpha × points × (at normal tails, per unit of tails)
    between = (1 - part) * table[low] + part * table[low + 1]
    return 1 / np.asarray(POINTS, dtype=float)[::-1], between[::-1, 0], between[::-1, 1]
