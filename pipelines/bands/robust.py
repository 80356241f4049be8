"""Estimators that a few wild points do not move, for many series at once.

Arrays are series × periods, float, NaN where there is no value; each function gives one number per
series. They are pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TO_SD = 1.4826
"""The sd of a normal series over its median absolute deviation (Hampel 1974, The influence curve
and its role in robust estimation)."""


def median(x: Array) -> Array:
    """The median of each row, NaN left out; NaN where a row is empty."""
    rows, width = x.shape
    if not width:
        return np.full(rows, np.nan)
    present, middle = np.isfinite(x), width // 2
    if present.all():
        # One place and the greatest before it: numpy's own median looks for each place apart.
        halves = np.partition(x, middle, axis=1)
        upper = halves[:, middle].copy()
        return upper if width % 2 else (halves[:, :middle].max(axis=1) + upper) / 2
    count = np.count_nonzero(present, axis=1)
    ordered, at = np.sort(x, axis=1), np.arange(rows)  # NaN goes to the end
    lower = ordered[at, (np.maximum(count, 1) - 1) // 2]
    return np.where(count > 0, (lower + ordered[at, count // 2 % width]) / 2, np.nan)


def spread(x: Array, centre: Array) -> Array:
    """The sd of each row by its median absolute deviation from `centre` (one per row)."""
    return TO_SD * median(np.abs(x - centre[:, None]))


def slope(x: Array) -> Array:
    """Change per period of each row: the median of the slopes between points half a history apart.

    A subset of the pairs of Theil (1950) and Sen (1968, Estimates of the regression coefficient
    based on Kendall's tau), so that the cost grows with the periods and not with their square.
    0 where there are fewer than four pairs.
    """
    width = x.shape[1]
    present = np.isfinite(x)
    found = np.zeros(len(x))
    first = np.where(present.any(axis=1), present.argmax(axis=1), width)
    lags = np.maximum((width - first) // 2, 1)
    for lag in np.unique(lags):
        if width - lag < 4:
            continue
        rows = slice(None) if (lags == lag).all() else lags == lag
        steps = (x[rows, lag:] - x[rows, :-lag]) / lag
        enough = np.count_nonzero(np.isfinite(steps), axis=1) >= 4
        found[rows] = np.where(enough, median(steps), 0.0)
    return found


def first_lag(e: Array, n: Array, trend: Array) -> Array:
    """How much of a residual returns in the next: AR(1), corrected for the bias of short series
    and drawn towards what series of business figures are like.

    `e` are residuals of a fitted level and, for the part `trend` (0 to 1 per row), a slope; `n` is
    how many there are. Correction after Kendall (1954, Note on bias in the estimation of
    autocorrelation): -(1 + 3 phi) / n for a level, -(2 + 4 phi) / n for a line. The estimate is
    then weighed against PRIOR_LAG by their precisions. Between LEAST_LAG and MOST_LAG.
    """
    a, b = e[:, :-1], e[:, 1:]
    known = np.isfinite(e)
    if not known.all():
        both = known[:, 1:] & known[:, :-1]
        a, b = np.where(both, a, 0.0), np.where(both, b, 0.0)
    below = (np.einsum("ij,ij->i", a, a) + np.einsum("ij,ij->i", b, b)) / 2
    raw = np.divide(np.einsum("ij,ij->i", a, b), below, out=np.zeros(len(e)), where=below > 0)
    n = np.maximum(n, 4.0)
    # Solved for phi: raw = phi - (c + d phi) / n.
    c, d = 1 + trend, 3 + trend
    corrected = (raw + c / n) / np.maximum(1 - d / n, 0.25)
    held = PRIOR_POINTS / (n + PRIOR_POINTS)
    drawn = (1 - held) * corrected + held * PRIOR_LAG
    return np.asarray(np.clip(drawn, LEAST_LAG, MOST_LAG))


PRIOR_LAG, PRIOR_POINTS = 0.2, 16.0
"""Before anything is seen: 0.2 give or take 0.25, worth 16 points (1 / 0.25²)."""

LEAST_LAG, MOST_LAG = -0.3, 0.9
