"""The bands that people use, on the same series, for comparison.

Each takes the points before and the point under test and tells which are out; limits of the sd kind
use the quantile of alpha, so that all have the same declared rate. Sources: Wheeler (1993,
Understanding Variation) for XmR, Western Electric (1956, Statistical Quality Control Handbook) for
the rules.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.series import Array

Out = NDArray[np.bool_]


def _width(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2)


def xmr(x: Array, alpha: float) -> Out:
    """Mean and moving range of all points before the last of `x`."""
    before, last = x[:, :-1], x[:, -1]
    sd = np.abs(np.diff(before, axis=1)).mean(axis=1) / 1.128
    return np.asarray(np.abs(last - before.mean(axis=1)) > _width(alpha) * sd)


def western_electric(x: Array, alpha: float) -> Out:
    """XmR, and two of three beyond 2 sd, four of five beyond 1 sd, eight on one side."""
    before = x[:, :-1]
    sd = np.abs(np.diff(before, axis=1)).mean(axis=1) / 1.128
    z = (x - before.mean(axis=1)[:, None]) / sd[:, None]
    out = xmr(x, alpha)
    for side in (z, -z):
        out = out | ((side[:, -3:] > 2).sum(axis=1) >= 2) & (side[:, -1] > 2)
        out = out | ((side[:, -5:] > 1).sum(axis=1) >= 4) & (side[:, -1] > 1)
        if x.shape[1] >= 8:
            out = out | (side[:, -8:] > 0).all(axis=1)
    return np.asarray(out)


def rolling(x: Array, alpha: float) -> Out:
    """Mean and sd of the last 28 points."""
    before = x[:, -29:-1]
    off = np.abs(x[:, -1] - before.mean(axis=1))
    return np.asarray(off > _width(alpha) * before.std(axis=1, ddof=1))


def seasonal_mad(x: Array, alpha: float) -> Out:
    """Median and MAD of the points of the same weekday; of all where there are fewer than four."""
    before = x[:, :-1]
    same = before[:, (before.shape[1] % 7) :: 7] if before.shape[1] >= 28 else before
    middle = np.median(same, axis=1)
    sd = 1.4826 * np.median(np.abs(same - middle[:, None]), axis=1)
    return np.asarray(np.abs(x[:, -1] - middle) > _width(alpha) * sd)


NAIVE = {
    "XmR": xmr,
    "XmR + WE": western_electric,
    "rolling z (28)": rolling,
    "seasonal MAD": seasonal_mad,
}
