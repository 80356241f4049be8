"""The false-alarm budget is kept: a small simulation that a broken factor would fail."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.series import figures
from pipelines.bands.limits import alpha_of
from pipelines.bands.walk import DRIFTING, INSUFFICIENT, STABLE, judge


@pytest.mark.parametrize("draw", ["normal", "poisson", "binomial"])
@pytest.mark.parametrize("lag", [0.0, 0.5])
def test_false_alarms_of_monthly_series(draw: str, lag: float) -> None:
    random = np.random.default_rng(11)
    kind, values, sizes = figures(random, 1_500, 26, lag, draw, "plain")
    status = judge(values, kind=kind, grain="month", sizes=sizes).status[:, 12:]
    realised = (status == DRIFTING).sum() / np.isin(status, (STABLE, DRIFTING)).sum()
    # 1,500 × 14 points: the standard error is 0.003.
    assert realised == pytest.approx(alpha_of("month", 1), rel=0.3)


def test_false_alarms_of_daily_series() -> None:
    random = np.random.default_rng(12)
    kind, values, _ = figures(random, 1_000, 160, 0.3, "normal", "season")
    found = judge(values, kind=kind, grain="day", seasons=np.arange(160) % 7, since=60)
    alarms = (found.status == DRIFTING).mean() * 365
    assert 0.1 < alarms < 1.4


def test_heavy_tails_at_a_month_stay_within_twice_the_budget() -> None:
    random = np.random.default_rng(13)
    kind, values, _ = figures(random, 1_500, 26, 0.3, "t3", "plain")
    status = judge(values, kind=kind, grain="month").status[:, 12:]
    assert (status == DRIFTING).mean() < 2 * alpha_of("month", 1)


def test_a_large_shift_is_found_at_once() -> None:
    random = np.random.default_rng(14)
    kind, values, _ = figures(random, 500, 25, 0.3, "normal", "plain")
    values[:, -1] += 4
    assert (judge(values, kind=kind, grain="month").status[:, -1] == DRIFTING).mean() > 0.9


@pytest.mark.fault("E12")
def test_too_few_points_are_no_verdict() -> None:
    random = np.random.default_rng(15)
    kind, values, _ = figures(random, 20, 24, 0.0, "normal", "plain")
    assert (judge(values, kind=kind, grain="day").status == INSUFFICIENT).all()
