"""What the next point of each series may be expected to be, from the points before it.

A local level, a slope and a season as far as each earns its degrees of freedom, and AR(1): then the
expected value, the spread of its prediction error, and how heavy the tails are. Pure and
vectorised; arrays are series × periods, the newest period last, NaN where a point is missing or
left out. Values are on a scale on which the spread does not follow the level (`scales.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.bands.robust import Array, first_lag, median, slope, spread

HALF_LIFE = 90.0
"""Periods after which a point weighs half: the level and the spread are local."""

CLIP = 2.5
"""Sd from the line beyond which a point pulls no harder on level, slope and season (Huber 1964)."""

EARNED_SEASON = 3.0
"""F above which a season is used: 1 % of series without one pass it (7 groups, 50 points)."""

EARNED_SLOPE = 3.0
"""Standard errors above which a slope is used."""

CHANCE_FLOOR = 0.7
"""The least spread of a rate, as a part of what chance alone gives it: a guard for few points and
few cases, low enough to leave a series with many to its own spread."""

ABSOLUTE_TO_SD = float(np.sqrt(np.pi / 2))
"""The sd of a normal series over its mean absolute deviation; also Geary's ratio of one."""


@dataclass(frozen=True)
class Expected:
    """Per series. `spread` is the sd of the error of `centre` as a prediction of the next point, 0
    where more than half of the points are the same; `points` how many were used, `free` those less
    what season and slope took; `tails` is 1 for a normal series and larger for heavy tails."""

    centre: Array
    spread: Array
    points: Array
    free: Array
    tails: Array

    def take(self, rows: NDArray[np.bool_]) -> Expected:
        return Expected(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Season:
    """Which season each period is in: `of` per column, `next` of the point to come, 0 to count-1;
    `least` is how many points each season must have."""

    of: NDArray[np.intp]
    next: int
    count: int
    least: int


def expect(
    x: Array,
    *,
    noise: Array | None = None,
    next_noise: Array | None = None,
    sampling: Array | None = None,
    next_sampling: Array | None = None,
    season: Season | None = None,
    floor: Array | None = None,
) -> Expected:
    """The next point of each series of `x`.

    `noise` is the sd of each point relative to the usual one (1 where all are alike), `next_noise`
    that of the next point. Instead of these, `sampling` is the variance that each point has by
    chance alone: what is seen beyond it is one more, the same for all. `floor` is the least sd of a
    point of usual noise.
    """
    rows, width = x.shape
    present = np.isfinite(x)
    n = np.count_nonzero(present, axis=1).astype(float)
    at = np.arange(-width, 0, dtype=float)  # the next point is at 0
    weights = mass = present * 0.5 ** (-at / HALF_LIFE)
    least = np.zeros(rows) if floor is None else floor

    rough = slope(x)
    flat = x - rough[:, None] * at
    middle = median(flat)
    about = spread(flat, middle)
    if sampling is not None and next_sampling is not None:
        usual = np.where(present, sampling, 0.0).sum(axis=1) / np.maximum(n, 1)
        more = np.maximum(about**2 - usual, 0.0)
        whole = np.maximum(more + usual, 1e-100)
        noise = np.sqrt((more[:, None] + sampling) / whole[:, None])
        noise = np.where(present, np.maximum(noise, 0.05), 1.0)
        next_noise = np.sqrt((more + next_sampling) / whole)
        least = np.maximum(least, CHANCE_FLOOR * np.sqrt(usual))
    if noise is not None:
        noise = np.where(present, noise, 1.0)
        weights = weights / noise**2
    about = np.maximum(about, least)
    effects, kept, per_season = _season(flat, middle, about, weights, n, season)
    if season is not None and kept.any():
        has = kept > 0
        x = x.copy()
        x[has] -= effects[has][:, season.of]
        flat[has] = x[has] - rough[has, None] * at
        middle[has] = median(flat[has])
        about[has] = np.maximum(spread(flat[has], middle[has]), least[has])

    reach = CLIP * about[:, None] * (1.0 if noise is None else noise)
    clipped = flat - middle[:, None]
    np.clip(clipped, -reach, reach, out=clipped)
    clipped += middle[:, None]
    clipped += rough[:, None] * at
    filled = _where(present, clipped, 0.0)

    basis = np.stack([np.ones(width), at, at * at], axis=1)
    s0, s1, s2 = (weights @ basis).T
    safe = np.maximum(s0, 1e-100)
    level = np.einsum("ij,ij->i", weights, filled) / safe
    mean_at = s1 / safe
    across = np.maximum(s2 - s1 * mean_at, 1e-100)
    rise = np.einsum("ij,ij,j->i", weights, filled, at) / across - level * s1 / across
    squares = weights**2 if noise is None else (weights * noise) ** 2
    q0, q1, q2 = (squares @ basis).T
    across_q = np.maximum(q2 - 2 * mean_at * q1 + mean_at**2 * q0, 0.0)

    # How sure the slope is, with the line taken out and autocorrelation counted in.
    ones = np.ones(rows)
    away = at - mean_at[:, None]
    line = _clipped(x - level[:, None] - rise[:, None] * away, noise, 6 * about, present)
    lag = first_lag(line, n, ones)
    sd = np.sqrt(np.nanmean(_where(present, line, 0.0) ** 2, axis=1) * width / np.maximum(n - 2, 1))
    error = sd * np.sqrt(across_q) / across * np.sqrt((1 + lag) / (1 - lag))
    t2 = np.divide(rise**2, error**2, out=np.zeros(rows), where=error > 0)
    used = np.where((t2 > EARNED_SLOPE**2) & (n >= 8), 1 - 1 / np.maximum(t2, 1.0), 0.0)

    residual = x - level[:, None] - (used * rise)[:, None] * away
    residual = _clipped(residual, noise, 8 * about, present)
    lag = first_lag(residual, n, used)

    # Innovations: what a point adds to what the one before it told.
    alone = np.sqrt(1 - lag**2)[:, None]
    before = residual[:, :-1]
    news = np.empty_like(residual)
    news[:, :1] = residual[:, :1] * alone
    news[:, 1:] = _where(
        np.isfinite(before), residual[:, 1:] - lag[:, None] * before, residual[:, 1:] * alone
    )
    total = np.maximum(mass.sum(axis=1), 1e-100)
    size = np.abs(news, out=news)
    size = _where(present, size, 0.0)
    absolute = np.einsum("ij,ij->i", mass, size) / total
    square = np.einsum("ij,ij,ij->i", mass, size, size) / total
    step = absolute * ABSOLUTE_TO_SD
    tails = np.divide(np.sqrt(square), step, out=np.ones(rows), where=step > 0)

    # Degrees of freedom spent inside, and the error of the fitted level outside.
    reach_of = mean_at * used
    fit_error = (
        q0 / safe**2
        - 2 * reach_of * (q1 - mean_at * q0) / (safe * across)
        + reach_of**2 * across_q / across**2
    )
    spent = 1 + used
    if season is not None:
        fit_error = fit_error + kept**2 / np.maximum(per_season[:, season.next], 1.0)
        spent = spent + kept * (season.count - 1)
    effective = np.maximum(total**2 / np.maximum((mass**2).sum(axis=1), 1e-100), 1.0)
    inside = np.sqrt(np.maximum(1 - spent / effective, 0.1))
    step = np.where(about > 0, np.maximum(step / inside, least * np.sqrt(1 - lag**2)), 0.0)

    last = residual[:, -1] if width else np.full(rows, np.nan)
    follows = np.isfinite(last)
    ahead = np.ones(rows) if next_noise is None else next_noise
    centre = level - reach_of * rise + np.where(follows, lag * np.nan_to_num(last) * ahead, 0.0)
    if season is not None:
        centre = centre + effects[:, season.next]
    own = np.where(follows, 1.0, 1 / np.sqrt(1 - lag**2)) * ahead
    carried = (1 - np.where(follows, lag, 0.0)) ** 2 / np.maximum((1 - lag) ** 2, 1e-6)
    return Expected(
        centre=np.where(n > 0, centre, np.nan),
        spread=step * np.sqrt(own**2 + fit_error * carried),
        points=n,
        tails=tails,
        free=n - spent + 1,
    )


def _clipped(off: Array, noise: Array | None, most: Array, present: NDArray[np.bool_]) -> Array:
    """What is left of points, in units of usual noise and no larger than `most` of their series;
    NaN where there is none. Written over `off`."""
    if noise is not None:
        off /= noise
    np.clip(off, -most[:, None], most[:, None], out=off)
    return _where(present, off, np.nan)


def _where(which: NDArray[np.bool_], values: Array, other: Array | float) -> Array:
    """As numpy's, but for nothing where all of them are meant, as they mostly are."""
    return values if which.all() else np.where(which, values, other)


def _season(
    flat: Array, middle: Array, about: Array, weights: Array, n: Array, season: Season | None
) -> tuple[Array, Array, Array]:
    """The effect of each season, the part of it that is kept (0 to 1), and points per season.

    Means of clipped deviations per season, drawn to nought by 1 - 1/F (James and Stein 1961), and
    left out whole where F is below EARNED_SEASON or a season has too few points.
    """
    rows = len(flat)
    if season is None:
        return np.zeros((rows, 1)), np.zeros(rows), np.ones((rows, 1))
    groups = np.eye(season.count)[season.of]
    present = np.isfinite(flat)
    counts = present.astype(float) @ groups
    enough = counts.min(axis=1) >= season.least
    effects, kept = np.zeros((rows, season.count)), np.zeros(rows)
    if not enough.any():
        return effects, kept, counts
    chosen = np.flatnonzero(enough)
    reach = (3 * about[chosen])[:, None]
    off = np.where(
        present[chosen], np.clip(flat[chosen] - middle[chosen, None], -reach, reach), 0.0
    )
    mass = weights[chosen] @ groups
    means = (weights[chosen] * off) @ groups / np.maximum(mass, 1e-100)
    means = means - (means * counts[chosen]).sum(axis=1, keepdims=True) / n[chosen, None]
    square = (off**2).sum(axis=1) - n[chosen] * (off.sum(axis=1) / n[chosen]) ** 2
    between = (means**2 * counts[chosen]).sum(axis=1)
    free = np.maximum(n[chosen] - season.count, 1.0)
    inside = np.maximum(square - between, 1e-12 * square + 1e-100) / free
    ratio = between / (season.count - 1) / inside
    part = np.where(ratio > EARNED_SEASON, 1 - 1 / np.maximum(ratio, 1.0), 0.0)
    effects[chosen] = part[:, None] * means
    kept[chosen] = part
    return effects, kept, counts
