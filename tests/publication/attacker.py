"""Somebody who works out, from all that is shown, what is hidden.

A table of figures: `cells` are the smallest pieces there are (rows of those with the same units,
in one month), each figure a sum of some of them. The attacker knows which pieces exist and that
none is negative, and solves everything at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

Row = Sequence[float] | np.ndarray
Figures = Mapping[str, Row]
"""By name: 1 for each piece that a figure has, 0 for each that it has not."""


def determined(shown: Figures, hidden: Figures) -> list[str]:
    """The hidden figures that are sums of multiples of the shown ones: those that lie in the space
    the shown ones span."""
    if not hidden or not shown:
        return []
    system = np.array(list(shown.values()), dtype=float)
    _, sizes, basis = np.linalg.svd(system, full_matrices=False)
    basis = basis[sizes > 1e-9 * sizes.max()]
    rows = np.array(list(hidden.values()), dtype=float)
    left = rows - (rows @ basis.T) @ basis
    follows = np.abs(left).max(axis=1) < 1e-6
    return [name for name, known in zip(hidden, follows, strict=True) if known]


def interval(shown: Figures, hidden: Row, pieces: Sequence[float]) -> float:
    """How wide the range is that a hidden count may lie in, given the values of the shown ones."""
    system = np.array(list(shown.values()), dtype=float)
    values = system @ np.array(pieces) if len(system) else None
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * np.array(hidden, dtype=float),
            A_eq=system if len(system) else None,
            b_eq=values,
            bounds=(0, None),
        )
        if found.status == 3:  # without bound
            return float("inf")
        assert found.status == 0, found.message
        ends.append(sign * found.fun)
    return ends[1] - ends[0]
