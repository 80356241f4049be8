"""What must hold for any series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.bands.walk import DRIFTING, INSUFFICIENT, NO_VALUE, STABLE, Bands, judge

WIDTH = 22
figures = arrays(
    float,
    (3, WIDTH),
    elements=st.one_of(st.just(np.nan), st.integers(0, 5_000).map(lambda n: n / 4)),
)


def of(values: Any, **more: Any) -> Bands:
    return judge(values, **{"kind": "amount", "grain": "month"} | more)


def same(one: Bands, other: Bands, factor: float = 1.0) -> None:
    assert (one.status == other.status).all()
    for name in ("lower", "centre", "upper"):
        left, right = getattr(one, name) * factor, getattr(other, name)
        assert left == pytest.approx(right, rel=1e-6, abs=1e-6 * factor, nan_ok=True)


@given(figures, st.sampled_from(["amount", "count", "score", "rate"]))
def test_every_answer_is_whole_and_says_what_it_shows(values: Any, kind: str) -> None:
    values = values / 5_000 if kind == "rate" else values
    found = of(values, kind=kind)
    judged = np.isin(found.status, (STABLE, DRIFTING))
    assert (found.status[np.isnan(values)] == NO_VALUE).all()
    assert (found.status[~np.isnan(values) & ~judged] == INSUFFICIENT).all()
    for band in (found.lower, found.centre, found.upper, found.score):
        assert (np.isfinite(band) == judged).all()
    assert (found.lower[judged] <= found.centre[judged] + 1e-9).all()
    assert (found.centre[judged] <= found.upper[judged] + 1e-9).all()
    inside = found.status == STABLE
    assert (values[inside] >= found.lower[inside] - 1e-6 * 1_250).all()
    assert (values[inside] <= found.upper[inside] + 1e-6 * 1_250).all()


@given(figures, st.integers(1, WIDTH - 1))
def test_the_future_and_the_point_itself_change_nothing(values: Any, until: int) -> None:
    whole, part = of(values), of(values[:, :until])
    for name in ("lower", "centre", "upper", "status"):
        left, right = getattr(whole, name)[:, :until], getattr(part, name)
        assert np.array_equal(left, right, equal_nan=True)
    values[:, until] = 17.0
    moved = of(values)
    judged = np.isfinite(moved.centre[:, until]) & np.isfinite(whole.centre[:, until])
    # To the last bit but one: with other series beside it numpy may add up in another order.
    for name in ("centre", "upper"):
        left, right = getattr(moved, name)[judged, until], getattr(whole, name)[judged, until]
        assert left == pytest.approx(right, rel=1e-9)


@given(figures)
def test_series_do_not_see_each_other(values: Any) -> None:
    order = [2, 0, 1]
    whole, turned = of(values), of(values[order])
    assert np.array_equal(whole.status[order], turned.status)
    assert whole.upper[order] == pytest.approx(turned.upper, rel=1e-9, nan_ok=True)


def random_series(seed: int) -> Any:
    random = np.random.default_rng(seed)
    return 50 + 10 * random.standard_normal((4, WIDTH))


@given(st.integers(0, 500), st.sampled_from([0.01, 0.5, 3.0, 1e6]))
def test_another_currency_is_the_same_band(seed: int, factor: float) -> None:
    values = random_series(seed)
    same(of(values), of(values * factor), factor)


@given(st.integers(0, 500), st.sampled_from([-100.0, 3.0, 1e4]))
def test_a_score_may_begin_anywhere(seed: int, added: float) -> None:
    values = random_series(seed)
    one, other = of(values, kind="score"), of(values + added, kind="score")
    assert (one.status == other.status).all()
    assert one.upper + added == pytest.approx(other.upper, rel=1e-6, nan_ok=True)


@given(st.integers(0, 500), st.floats(1e3, 1e6))
def test_how_bad_a_past_incident_was_does_not_matter(seed: int, size: float) -> None:
    values = random_series(seed)
    values[:, 12] = size
    far = values.copy()
    far[:, 12] = size * 7
    one, other = of(values, kind="score"), of(far, kind="score")
    assert (one.status[:, 12] == DRIFTING).all()
    assert np.array_equal(one.upper[:, 13:], other.upper[:, 13:], equal_nan=True)


def test_an_incident_a_known_event_and_a_gap_leave_the_same_band() -> None:
    values = random_series(1)
    values[:, 12] = 1e4
    gap = values.copy()
    gap[:, 12] = np.nan
    event = np.zeros(values.shape, dtype=bool)
    event[:, 12] = True
    incident, known, none = of(values), of(values, left_out=event), of(gap)
    assert np.array_equal(incident.upper[:, 13:], none.upper[:, 13:], equal_nan=True)
    assert np.array_equal(known.upper[:, 13:], none.upper[:, 13:], equal_nan=True)
    assert (known.status[:, 12] == DRIFTING).all(), "an event is judged"


def test_a_level_that_lasts_becomes_normal() -> None:
    random = np.random.default_rng(5)
    values = 100 + 3 * random.standard_normal((50, 40))
    values[:, 20:] += 60
    status = of(values, kind="score").status
    assert (status[:, 20:26] == DRIFTING).all()
    assert (status[:, 27:] == DRIFTING).mean() < 0.2


@pytest.mark.fault("E12")
def test_a_steady_trend_is_no_drift_and_a_constant_has_no_band() -> None:
    random = np.random.default_rng(6)
    values = 5.0 * np.arange(40) + 10 * random.standard_normal((200, 40))
    assert (of(values, kind="score").status[:, 20:] == DRIFTING).mean() < 0.12
    constant = np.full((1, 20), 7.0)
    assert (of(constant).status == INSUFFICIENT).all()


def test_a_drift_is_told_of_a_share_by_how_many_cases_it_has() -> None:
    random = np.random.default_rng(7)
    sizes = np.full((300, 25), 200.0)
    sizes[:, -1] = 10
    values = random.binomial(sizes.astype(int), 0.3) / sizes
    few = of(values, kind="rate", sizes=sizes)
    assert (few.status[:, -1] == DRIFTING).mean() < 0.2
    wide = few.upper[:, -1] - few.lower[:, -1]
    assert (wide > 2 * (few.upper[:, -2] - few.lower[:, -2])).mean() > 0.95


def test_chunks_and_the_newest_point_alone_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = random_series(8)
    whole = of(values, kind="score", budget=np.array([1.0, 0.5, 1.0, 0.5]))
    newest = of(values[:, :9], kind="score", budget=np.array([1.0, 0.5, 1.0, 0.5]), since=8)
    assert newest.upper[:, 0] == pytest.approx(whole.upper[:, 8], nan_ok=True)
    monkeypatch.setattr("pipelines.bands.walk.CHUNK", 1)
    apart = of(values, kind="score", budget=np.array([1.0, 0.5, 1.0, 0.5]))
    assert apart.upper == pytest.approx(whole.upper, nan_ok=True)
