"""Somebody who works out, from all that is shown, what is hidden.

A table of figures: `cells` are the smallest pieces there are (rows of those with the same units,
in one month), each figure a sum of some of them. The attacker knows which pieces exist and that
none is negative, and solves everything at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

Figures = Mapping[str, Sequence[float]]
"""By name: 1 for each piece that a figure has, 0 for each that it has not."""


def determined(shown: Figures, hidden: Figures) -> list[str]:
    """The hidden figures that follow from the shown ones by adding, subtracting and multiplying:
    those that add nothing to the rank of the system."""
    if not hidden:
        return []
    if not shown:
        return []
    system = np.array(list(shown.values()), dtype=float)
    rank = np.linalg.matrix_rank(system)
    return [
        name
        for name, row in hidden.items()
        if np.linalg.matrix_rank(np.vstack([system, row])) == rank
    ]


def interval(shown: Figures, hidden: Sequence[float], pieces: Sequence[float]) -> float:
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
