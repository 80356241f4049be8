"""Before and after: the interval holds the true difference as often as it says."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.watch.effect import CONFIDENCE, change, student

SERIES = 1000
values = st.floats(-1e6, 1e6)


def course(chance: random.Random, alike: float, count: int) -> list[float]:
    """An AR(1) series, from the middle of its life on."""
    value = chance.gauss(0, (1 - alike**2) ** -0.5)
    found = []
    for _ in range(count):
        found.append(value)
        value = alike * value + chance.gauss(0, 1)
    return found


@pytest.mark.parametrize("effect", [0.0, 3.0])
@pytest.mark.parametrize("alike", [0.0, 0.3, 0.5])
@pytest.mark.parametrize(("before", "after"), [(8, 3), (12, 4), (24, 12)])
def test_coverage(effect: float, alike: float, before: int, after: int) -> None:
    chance = random.Random(f"{effect}{alike}{before}")  # noqa: S311
    held = 0
    for _ in range(SERIES):
        series = course(chance, alike, before + after + 2)
        seen = change(series[:before], [value + effect for value in series[before + 2 :]])
        assert seen is not None
        held += seen.lower <= effect <= seen.upper
    # A little wide where nothing is passed on, a little narrow where half of it is.
    assert CONFIDENCE - 0.045 <= held / SERIES <= 0.998


def test_a_large_effect_is_told_from_chance() -> None:
    chance = random.Random(7)  # noqa: S311
    found = 0
    for _ in range(200):
        series = course(chance, 0.3, 24)
        seen = change(series[:18], [value + 5 for value in series[18:]])
        assert seen is not None
        found += seen.is_told_from_chance and seen.difference > 0
    assert found >= 190


def test_the_alarm_that_led_to_it_is_no_effect() -> None:
    """The last value before was so low that it raised an alert; nothing was done about it."""
    chance = random.Random(3)  # noqa: S311
    told = tried = 0
    while tried < 300:
        series = course(chance, 0.3, 20)
        if series[13] > -2:
            continue
        seen = change(series[:14], series[14:])
        assert seen is not None
        tried, told = tried + 1, told + seen.is_told_from_chance
    assert told / tried <= 0.07


@given(st.lists(values, max_size=7), st.lists(values, max_size=20))
def test_too_little_before_says_nothing(before: list[float], after: list[float]) -> None:
    assert change(before, after) is None


@given(st.lists(values, min_size=8, max_size=30), st.lists(values, min_size=3, max_size=15))
def test_what_rises_falls_when_turned_round(before: list[float], after: list[float]) -> None:
    up, down = change(before, after), change([-v for v in before], [-v for v in after])
    assert up is not None
    assert down is not None
    assert (up.difference, up.lower) == pytest.approx((-down.difference, -down.upper))
    assert up.lower <= up.difference <= up.upper


def test_a_series_that_stands_still() -> None:
    seen = change([5.0] * 8, [5.0] * 3)
    assert seen is not None
    assert (seen.difference, seen.lower, seen.upper) == (0, 0, 0)
    assert not seen.is_told_from_chance


@pytest.mark.parametrize(("degrees", "table"), [(3, 3.182), (10, 2.228), (30, 2.042)])
def test_student_is_that_of_the_tables(degrees: int, table: float) -> None:
    assert student(0.975, degrees) == pytest.approx(table, rel=0.002)
