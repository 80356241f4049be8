"""Planted pairs are found, and of pure chance hardly anything is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.kpis.lint import relations
from pipelines.kpis.lint.facts import Facts
from tests.governance.test_lint import GOOD, REVENUE

WEEKS = 78


def noise(seed: int, number: int, kind: str) -> dict[str, tuple[float, ...]]:
    """Independent series: `white`, `ar` (autocorrelation 0.5) or `walk`."""
    chance = np.random.default_rng(seed)
    steps = chance.normal(size=(number, WEEKS))
    if kind == "walk":
        steps = steps.cumsum(axis=1)
    if kind == "ar":
        for week in range(1, WEEKS):
            steps[:, week] += 0.5 * steps[:, week - 1]
    return {f"k{n:02d}": tuple(row) for n, row in enumerate(steps)}


def of(series: dict[str, tuple[float, ...]], directions: dict[str, str] | None = None) -> Facts:
    kpis = tuple(
        replace(REVENUE, kpi=name, drivers=(), direction=(directions or {}).get(name, "higher"))
        for name in series
    )
    return replace(GOOD, kpis=kpis, series=series)


def planted(sign: int, seed: int = 1) -> dict[str, tuple[float, ...]]:
    """Twenty independent KPIs, the second of which follows the first."""
    series = noise(seed, 20, "white")
    chance = np.random.default_rng(seed + 1000)
    first = np.array(series["k00"])
    series["k01"] = tuple(sign * first + 0.4 * chance.normal(size=WEEKS))
    return series


def test_kpis_against_each_other_are_found_and_only_they() -> None:
    found = list(relations.opposing(of(planted(-1))))
    assert [finding.kpis for finding in found] == [("k00", "k01")]
    assert -1 < float(found[0].said["correlation"]) < relations.OPPOSING  # type: ignore[arg-type]
    assert found[0].said["weeks"] == WEEKS - 1


def test_the_wanted_direction_decides_what_is_against() -> None:
    together = planted(1)
    assert not list(relations.opposing(of(together)))
    assert [f.kpis for f in relations.opposing(of(together, {"k01": "lower"}))] == [("k00", "k01")]
    assert not list(relations.opposing(of(planted(-1), {"k01": "within"})))


def test_what_a_kpi_is_made_of_is_not_against_it() -> None:
    facts = of(planted(-1))
    whole = replace(facts.kpis[0], drivers=("k01", "k05"), driver_relation="ratio")
    assert not list(relations.opposing(replace(facts, kpis=(whole, *facts.kpis[1:]))))


def test_two_that_say_the_same_are_found_unless_one_drives_the_other() -> None:
    series = noise(3, 20, "walk")
    chance = np.random.default_rng(5)
    series["k01"] = tuple(2 * np.array(series["k00"]) + 0.05 * chance.normal(size=WEEKS))
    facts = of(series)
    assert [finding.kpis for finding in relations.same(facts)] == [("k00", "k01")]
    parent = replace(facts.kpis[0], drivers=("k01",))
    assert not list(relations.same(replace(facts, kpis=(parent, *facts.kpis[1:]))))


def test_a_common_trend_is_no_relation() -> None:
    series = noise(7, 2, "white")
    rising = {name: tuple(v + week for week, v in enumerate(s)) for name, s in series.items()}
    assert not relations.related(rising)


def test_too_few_weeks_or_too_few_different_values_say_nothing() -> None:
    full = planted(-1)
    short = {name: values[: relations.FEWEST_CHANGES] for name, values in full.items()}
    assert not relations.related(short)
    rough = {name: tuple(float(v > 0) for v in values) for name, values in full.items()}
    assert not relations.related(rough)


def test_unknown_weeks_are_left_out() -> None:
    series: dict[str, tuple[float | None, ...]] = dict(planted(-1))
    series["k00"] = (*series["k00"][:10], None, *series["k00"][11:])
    found = relations.related(series)
    assert [(r.one, r.other, r.changes) for r in found] == [("k00", "k01", WEEKS - 3)]


@pytest.mark.parametrize("kind", ["white", "ar", "walk"])
def test_of_independent_series_few_are_ever_called_related(kind: str) -> None:
    """All pairs are independent, so any that is named is false, and the declared rate bounds how
    often that happens at all. 60 companies of 15 KPIs; at a true rate of 5 % more than 8 of them
    would be a chance of 1 in 250."""
    wrong = sum(bool(relations.related(noise(seed, 15, kind))) for seed in range(60))
    assert wrong <= 8


def test_without_the_correction_chance_would_be_believed() -> None:
    """That the test above can fail: at the same rate for each pair nearly all would be wrong."""
    tried = relations.related(noise(1, 15, "white"), rate=0.05 * 105 * 5)
    assert tried
