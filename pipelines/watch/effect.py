"""Before and after: how far the level of a series changed, and whether chance alone does as much.

The difference of two means, with an interval that takes into account that a period resembles the
one before it:

- the variance of a mean of an AR(1) series, and the number of independent values it is worth:
  Bayley and Hammersley (1946), "The 'effective' number of independent observations in an
  autocorrelated time series";
- Student's t with as many degrees of freedom as that number leaves: Zwiers and von Storch (1995),
  "Taking serial correlation into account in tests of the mean";
- what is short looks less alike than it is: Kendall (1954), "Note on bias in the estimation of
  autocorrelation".

It says that something changed *after* a day, never *because of* what was done on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, fmean

CONFIDENCE = 0.95
"""The chance that the interval holds the true difference, where level and season stand still."""
FEWEST_BEFORE, MOST_BEFORE = 8, 24
FEWEST_AFTER, MOST_AFTER = 3, 12
_LEAST_ALIKE = 0.2  # the process band draws towards it too: most KPIs pass on something
_MOST_ALIKE = 0.8  # beyond it so few values are worth next to nothing
_FEWEST_DEGREES = 3.0


@dataclass(frozen=True, slots=True)
class Change:
    """The level of a KPI before and after, in the unit of the KPI; `lower` and `upper` are the
    interval of `difference`, after less before. `periods_before` and `periods_after` were used."""

    before: float
    after: float
    difference: float
    lower: float
    upper: float
    periods_before: int
    periods_after: int

    @property
    def is_told_from_chance(self) -> bool:
        """Whether the interval leaves nought out."""
        return self.lower > 0 or self.upper < 0


def change(before: Sequence[float], after: Sequence[float]) -> Change | None:
    """The change of level between two stretches of a series, oldest value first.

    Of the first the last 24 values are used and of the second the first 12, so that the answer
    stands still after that. None while there are less than 8 and 3.
    """
    first, second = list(before[-MOST_BEFORE:]), list(after[:MOST_AFTER])
    if len(first) < FEWEST_BEFORE or len(second) < FEWEST_AFTER:
        return None
    means = fmean(first), fmean(second)
    rests = [[v - mean for v in part] for part, mean in zip((first, second), means, strict=True)]
    count = len(first) + len(second)
    squares = sum(rest**2 for part in rests for rest in part)
    alike = _alike(rests, squares, count)
    grown = [_inflation(alike, len(part)) for part in rests]
    variance = squares / max(count - sum(grown), 1.0)
    error = math.sqrt(
        variance * sum(more / len(part) for more, part in zip(grown, rests, strict=True))
    )
    worth = sum(len(part) / more for more, part in zip(grown, rests, strict=True))
    width = error * student(0.5 + CONFIDENCE / 2, max(worth - 2, _FEWEST_DEGREES))
    difference = means[1] - means[0]
    return Change(
        *means, difference, difference - width, difference + width, len(first), len(second)
    )


def student(chance: float, degrees: float) -> float:
    """The quantile of Student's t: Abramowitz and Stegun (1964), formula 26.7.5. From three degrees
    of freedom on it is within 1 % between the chances 0.025 and 0.975."""
    x = NormalDist().inv_cdf(chance)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / degrees ** (at + 1) for at, term in enumerate(terms))


def _alike(rests: Sequence[Sequence[float]], squares: float, count: int) -> float:
    """How much a period passes on to the next, 0.2 at least: a short series that seems to pass on
    nothing is no reason for a narrower interval."""
    if squares == 0:
        return _LEAST_ALIKE
    products = sum(a * b for part in rests for a, b in pairwise(part))
    seen = products / squares
    # Kendall's correction for one mean; here two were taken out.
    corrected = seen + 2 * (1 + 3 * max(seen, 0.0)) / count
    return min(max(corrected, _LEAST_ALIKE), _MOST_ALIKE)


def _inflation(alike: float, count: int) -> float:
    """By how much likeness makes the variance of a mean of `count` values grow."""
    return 1 + 2 * sum((1 - lag / count) * alike**lag for lag in range(1, count))
