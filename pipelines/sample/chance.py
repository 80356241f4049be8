"""Chance that repeats itself: each stream draws the events of a day from that day's own seed, so a
later end date adds days and changes none."""

from __future__ import annotations

import datetime as dt
import math
import random
from decimal import Decimal

CENT = Decimal("0.01")


def of_day(seed: int, stream: str, day: dt.date) -> random.Random:
    """The chance of one stream on one day."""
    # No secret: the same sample company each time.
    return random.Random(f"{seed}/{stream}/{day.isoformat()}")  # noqa: S311 # nosec B311


def count(chance: random.Random, expected: float) -> int:
    """How often something happens that happens `expected` times on average (Poisson, by Knuth's
    method; a normal approximation above 50)."""
    if expected <= 0:
        return 0
    if expected > 50:
        return max(0, round(chance.gauss(expected, math.sqrt(expected))))
    limit, product, number = math.exp(-expected), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def share(chance: random.Random, of: int, rate: float) -> int:
    """How many of a number do something that each does with probability `rate`."""
    spread = math.sqrt(max(0.0, of * rate * (1 - rate)))
    return min(of, max(0, round(chance.gauss(of * rate, spread))))


def amount(chance: random.Random, median: float, spread: float) -> Decimal:
    """An amount of money in cents, log-normal around a median."""
    return Decimal(str(median * math.exp(chance.gauss(0, spread)))).quantize(CENT)
