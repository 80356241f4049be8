"""Which KPIs work against each other, and which say nearly the same.

Two series that both rise, or that both know a summer, always seem related. So it is not the values
that are compared but their changes from week to week, by rank (Spearman), so that one odd week
weighs as one week. Changes are related in time by themselves; the number of independent ones is
that of Pyper and Peterman (Canadian Journal of Fisheries and Aquatic Sciences 55, 1998). Of so many
pairs some would seem related by chance: Benjamini and Yekutieli (Annals of Statistics 29, 2001)
keep the expected share of false ones under the rate, however the pairs depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from pipelines.kpis.lint.facts import Facts, KpiFacts
from pipelines.kpis.lint.finding import Finding

FALSE_RATE = 0.05
FEWEST_CHANGES = 30
OPPOSING, SAME = -0.5, 0.9
"""A large effect (J. Cohen, Statistical Power Analysis, 1988: 0.5), and nearly a copy."""
LAGS = 5
FEWEST_VALUES = 10

Ranks = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Relation:
    """Two KPIs: the rank correlation of their changes, over how many weeks, and its p-value."""

    one: str
    other: str
    correlation: float
    changes: int
    p_value: float


def related(
    series: Mapping[str, Sequence[float | None]], rate: float = FALSE_RATE
) -> list[Relation]:
    """The pairs that are related, whatever the sign, strongest first. All series are of the same
    weeks; at most `rate` of those that are named are expected to be so by chance."""
    changes = {name: _changes(values) for name, values in sorted(series.items())}
    tried = [
        found
        for one, other in combinations(changes, 2)
        if (found := _relation(one, other, changes[one], changes[other])) is not None
    ]
    tried.sort(key=lambda relation: relation.p_value)
    factor = sum(1 / place for place in range(1, len(tried) + 1))
    kept = 0
    for place, relation in enumerate(tried, 1):
        if relation.p_value <= rate * place / (len(tried) * factor):
            kept = place
    return tried[:kept]


def opposing(facts: Facts) -> Iterator[Finding]:
    """What is good for the one is bad for the other: whoever steers on both stands still. A pair
    that is so by its arithmetic (a KPI and what it is declared to be made of) is left out."""
    kpis = facts.by_name
    for relation in related(_steered(facts)):
        one, other = kpis[relation.one], kpis[relation.other]
        if _sense(one, other) * relation.correlation <= OPPOSING and not _is_made_of(one, other):
            yield _finding("opposing", relation, one)


def same(facts: Facts) -> Iterator[Finding]:
    """Two KPIs that say nearly the same, and are not cause and effect in the KPI tree."""
    kpis = facts.by_name
    for relation in related(facts.series):
        one, other = kpis[relation.one], kpis[relation.other]
        if abs(relation.correlation) >= SAME and not _are_linked(one, other):
            yield _finding("same", relation, one)


def _steered(facts: Facts) -> dict[str, tuple[float | None, ...]]:
    """Of KPIs that have a direction."""
    kpis = facts.by_name
    return {k: v for k, v in facts.series.items() if kpis[k].direction in ("higher", "lower")}


def _sense(one: KpiFacts, other: KpiFacts) -> int:
    return 1 if one.direction == other.direction else -1


def _is_made_of(one: KpiFacts, other: KpiFacts) -> bool:
    return _is_term(one, other) or _is_term(other, one)


def _is_term(whole: KpiFacts, part: KpiFacts) -> bool:
    return whole.driver_relation is not None and part.kpi in whole.drivers


def _are_linked(one: KpiFacts, other: KpiFacts) -> bool:
    return one.kpi in other.drivers or other.kpi in one.drivers


def _finding(rule: str, relation: Relation, one: KpiFacts) -> Finding:
    return Finding(
        rule,
        "warning",
        (relation.one, relation.other),
        one.owner,
        {
            "one": f"@{relation.one}",
            "other": f"@{relation.other}",
            "correlation": relation.correlation,
            "weeks": relation.changes,
            "p_value": relation.p_value,
        },
    )


def _changes(values: Collection[float | None]) -> Ranks:
    return np.diff(np.array([np.nan if v is None else v for v in values], dtype=float))


def _relation(one: str, other: str, a: Ranks, b: Ranks) -> Relation | None:
    both = ~(np.isnan(a) | np.isnan(b))
    count = int(both.sum())
    if count < FEWEST_CHANGES:
        return None
    x, y = a[both], b[both]
    if min(len(np.unique(x)), len(np.unique(y))) < FEWEST_VALUES:
        return None
    rank_x, rank_y = _ranks(x), _ranks(y)
    correlation = float(np.clip(rank_x @ rank_y, -1.0, 1.0))
    return Relation(
        one, other, correlation, count, _p_value(correlation, _independent(rank_x, rank_y))
    )


def _ranks(values: Ranks) -> Ranks:
    """Of length 1 and mean 0, so that a product of two is their correlation."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]  # the same values share their ranks
    centred = ranks - ranks.mean()
    return np.asarray(centred / np.linalg.norm(centred))


def _independent(x: Ranks, y: Ranks) -> float:
    """How many independent changes there are: 1/n* = 1/n + 2/n Σ (n-k)/n r_x(k) r_y(k)."""
    n = len(x)
    extra = sum(
        (n - lag) / n * float(x[:-lag] @ x[lag:]) * float(y[:-lag] @ y[lag:])
        for lag in range(1, LAGS + 1)
    )
    return float(np.clip(n / max(1 + 2 * extra, 1.0), 4.0, n))


def _p_value(correlation: float, n: float) -> float:
    """Of a rank correlation, two-sided: Fisher's z with the variance 1.06 / (n - 3) (E. C. Fieller,
    H. O. Hartley and E. S. Pearson, Biometrika 44, 1957)."""
    if n <= 4:
        return 1.0
    z = math.atanh(min(abs(correlation), 1 - 1e-12)) * math.sqrt((n - 3) / 1.06)
    return math.erfc(z / math.sqrt(2))
