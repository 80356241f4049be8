"""Each estimator against values known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from benchmarks.series import standard
from pipelines.bands.fit import Season, expect
from pipelines.bands.limits import alpha_of, enough, limit
from pipelines.bands.robust import first_lag, median, slope, spread
from pipelines.bands.scales import Scale
from pipelines.bands.walk import FIRST, _first

NAN = np.nan
numbers = st.floats(-1e9, 1e9)
shapes = array_shapes(min_dims=2, max_dims=2, max_side=12)


def test_median_and_spread_leave_gaps_out() -> None:
    x = np.array([[1, 2, 3, 4], [5, NAN, 1, NAN], [NAN, 7, NAN, NAN], [NAN] * 4, [3, NAN, 9, 6]])
    assert median(x) == pytest.approx([2.5, 3, 7, NAN, 6], nan_ok=True)
    wild = np.array([[1.0, 2, 3, 4, 1e9]])
    assert spread(wild, median(wild)) == pytest.approx([1.4826])


@given(
    arrays(float, shapes, elements=numbers)
    | arrays(float, shapes, elements=st.one_of(st.just(NAN), numbers))
)
def test_the_median_is_that_of_each_row_alone(x: Any) -> None:
    of_each = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else NAN for row in x]
    assert np.array_equal(median(x), of_each, equal_nan=True)


@given(st.integers(0, 500), st.integers(9, 80), st.integers(0, 79))
def test_a_gap_in_one_series_changes_nothing_of_another(seed: int, width: int, gap: int) -> None:
    x = 10 + np.random.default_rng(seed).standard_t(3, (4, width))
    season = Season(np.arange(width) % 7, width % 7, 7, 1)
    whole = expect(x, season=season)
    x[3, gap % width] = NAN
    beside = expect(x, season=season)
    for name in ("centre", "spread", "tails", "free"):
        found, alone = getattr(beside, name)[:3], getattr(whole, name)[:3]
        assert found == pytest.approx(alone, rel=1e-9)
    assert beside.points.tolist() == [width, width, width, width - 1]


@given(arrays(bool, st.tuples(st.integers(1, 4), st.integers(0, 70))))
def test_the_scale_is_taken_from_the_first_points_however_many_gaps(present: Any) -> None:
    values = np.where(present, np.arange(present.shape[1]), NAN)
    first, sizes = _first(values, values + 1)
    assert sizes is not None
    for row, found, size in zip(values, first, sizes, strict=True):
        points = row[np.isfinite(row)][:FIRST].tolist()
        assert found[np.isfinite(found)].tolist() == points
        assert (size[np.isfinite(size)] - 1).tolist() == points


def test_slope_is_not_moved_by_a_wild_point() -> None:
    line = np.arange(20.0)[None, :] * 0.5
    line[0, 7] = 1e6
    assert slope(line) == pytest.approx([0.5])
    assert slope(np.full((1, 5), NAN)) == pytest.approx([0.0])


@pytest.mark.parametrize("lag", [0.0, 0.3, 0.6])
def test_autocorrelation_is_corrected_and_drawn_to_its_prior(lag: float) -> None:
    random = np.random.default_rng(2)
    for points, off in ((20, 0.13), (300, 0.03)):
        e = standard(random, 4_000, points, lag)
        e = e - e.mean(axis=1)[:, None]
        found = first_lag(e, np.full(len(e), float(points)), np.zeros(len(e))).mean()
        held = 16 / (points + 16)
        assert found == pytest.approx((1 - held) * lag + held * 0.2, abs=off / 3)
        assert abs(found - lag) < 0.2


@pytest.mark.parametrize("kind", ["count", "rate", "amount", "score"])
def test_scales_go_there_and_back(kind: str) -> None:
    sizes = np.full((3, 5), 40.0)
    y = np.array([[0, 1, 2, 3, 4], [4, 8, 15, 16, 23], [0, 0, 0, 0, 1]], dtype=float)
    y = y / 40 if kind == "rate" else y
    scale = Scale.of(kind, y, sizes)  # type: ignore[arg-type]
    assert scale.back(scale.to(y, sizes), sizes) == pytest.approx(y, abs=1e-9)


def test_scales_make_the_spread_of_counts_and_shares_known() -> None:
    random = np.random.default_rng(3)
    for mean in (5, 50, 500):
        y = random.poisson(mean, (1, 20_000)).astype(float)
        assert Scale.of("count", y, None).to(y, None).std() == pytest.approx(1, rel=0.05)
    sizes = np.full((1, 20_000), 80.0)
    y = random.binomial(80, 0.3, (1, 20_000)) / 80
    scale = Scale.of("rate", y, sizes)
    chance = scale.sampling(y, sizes)
    assert chance is not None
    assert scale.to(y, sizes).std() == pytest.approx(np.sqrt(chance[0, 0]), rel=0.03)


def test_a_net_growth_is_no_count_and_a_credit_note_has_a_place() -> None:
    growth = np.array([[5.0, -3, 2, 1]])
    assert (Scale.of("count", growth, None).to(growth, None) == growth).all()
    amounts = np.array([[100.0, 0, -50, 200]])
    assert (np.diff(np.sort(Scale.of("amount", amounts, None).to(amounts, None))) > 0).all()


def test_alpha_follows_from_the_budget() -> None:
    assert alpha_of("day", 1) == pytest.approx(1 / 365)
    assert alpha_of("month", 1) == pytest.approx(1 / 12)
    assert alpha_of("month", 0.5) == pytest.approx(1 / 24)
    assert alpha_of("quarter", 1) == alpha_of("year", 1) == 0.10
    assert enough(alpha_of("day", 1)) > enough(alpha_of("week", 1)) > enough(alpha_of("month", 1))


def test_limits_narrow_with_points_and_widen_with_tails_and_strictness() -> None:
    points, normal = np.array([10.0, 20, 60, 240]), np.ones(4)
    for alpha in (0.0027, 0.0192, 0.0833):
        assert (np.diff(limit(points, normal, alpha)) < 0).all()
        assert (limit(points, normal + 0.2, alpha) > limit(points, normal, alpha)).all()
    assert (limit(points, normal, 0.003) > limit(points, normal, 0.01)).all()
    # A table that lost its meaning would be far from the normal distribution at many points.
    assert limit(np.array([240.0]), np.ones(1), 0.0833) == pytest.approx(1.74, abs=0.12)
    assert limit(np.array([240.0]), np.ones(1), 0.0192) == pytest.approx(2.34, abs=0.25)


def test_a_week_and_a_trend_are_expected_and_chance_is_not() -> None:
    random = np.random.default_rng(4)
    t = np.arange(84)
    week = np.array([3.0, 2, 2, 2, 1, -5, -5])
    noise = random.standard_normal((400, 84))
    season = Season(t[:-1] % 7, int(t[-1] % 7), 7, 3)
    with_week = expect((noise + week[t % 7] + 0.2 * t)[:, :-1], season=season)
    assert with_week.centre.mean() == pytest.approx(week[t[-1] % 7] + 0.2 * 83, abs=0.6)
    assert with_week.spread.mean() == pytest.approx(1.05, abs=0.12)
    without = expect(noise[:, :-1], season=season)
    assert (without.free >= 82).mean() > 0.9
