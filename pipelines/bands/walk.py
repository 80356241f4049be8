"""Every point of many series judged by the points before it: one walk over time.

`judge` is a pure function of the values: the point under test never moves its own band, and a walk
over a longer history says the same of the earlier points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.bands.fit import HALF_LIFE, Expected, Season, expect
from pipelines.bands.limits import INCIDENT_ALPHA, PERSISTS, alpha_of, enough, limit
from pipelines.bands.robust import Array
from pipelines.bands.scales import Kind, Scale

WINDOW = int(3 * HALF_LIFE)
"""Periods looked back: what is older weighs less than an eighth."""

FIRST = 7
"""Points from which the scale of a series is taken. No verdict falls in them."""

CHUNK = 512
"""Series at a time, which bounds the memory and keeps it near the processor."""

KEPT = 24 * 2**20
"""Bytes asked for and given back before a walk. What is free at the top of its heap, glibc gives
back to the system beyond twice the largest block that was freed so far: without this the arrays of
each chunk come from the system anew, page by page, which took as long as all else."""

LEAST = 6
"""Points that count as normal below which nothing is estimated, not even to tell incidents."""

SEASONS = {"day": (7, 3), "week": (12, 8), "month": (12, 3)}
"""Per grain how many seasons there are (weekdays, months of the year) and the least points in each
before they are looked at: three weeks, two years of weeks, three years of months."""

NO_VALUE, INSUFFICIENT, STABLE, DRIFTING = range(4)
STATUSES = ("no_data", "insufficient_data", "stable", "drifting")


@dataclass(frozen=True)
class Bands:
    """Series × periods. `lower`, `centre`, `upper` are in units of the KPI, NaN where there is no
    band; `score` is the distance to the centre in half-widths (beyond -1 or 1 is drifting; on the
    scale of the kind, so the two sides need not be as wide); `status` indexes STATUSES."""

    lower: Array
    centre: Array
    upper: Array
    score: Array
    status: NDArray[np.int8]


def judge(
    values: Array,
    *,
    kind: Kind,
    grain: str,
    budget: Array | float = 1.0,
    sizes: Array | None = None,
    left_out: NDArray[np.bool_] | None = None,
    seasons: NDArray[np.intp] | None = None,
    since: int = 0,
) -> Bands:
    """Judge every point of `values` (series × periods, oldest first, NaN where there is none).

    `sizes` are the denominators of rates and averages; `left_out` marks points that are no part of
    what is normal, such as known events (they are judged); `seasons` is the season of each column,
    0 and up (see SEASONS); `budget` the false alarms per year, one for all or one per series.
    Columns before `since` are not judged, count as normal whatever is in them, and have no column
    in the result.
    """
    rows, width = values.shape
    np.empty(KEPT, dtype=np.int8)
    wanted = np.broadcast_to(np.asarray(budget, dtype=float), (rows,))
    shape = (rows, width - since)
    empty = np.full(shape, np.nan)
    bands = Bands(empty, empty.copy(), empty.copy(), empty.copy(), np.zeros(shape, dtype=np.int8))
    back = max(0, since - WINDOW)
    for each in np.unique(wanted):
        alike = np.flatnonzero(wanted == each)
        for begin in range(0, len(alike), CHUNK):
            chosen = alike[begin : begin + CHUNK]
            some = values[chosen].astype(float, copy=False)
            some[~np.isfinite(some)] = np.nan
            of_them = None if sizes is None else sizes[chosen]
            Walk(
                some[:, back:],
                Scale.of(kind, *_first(some, of_them)),
                grain,
                alpha_of(grain, float(each)),
                sizes=None if of_them is None else of_them[:, back:],
                left_out=None if left_out is None else left_out[chosen, back:],
                seasons=None if seasons is None else seasons[back:],
                before=np.count_nonzero(np.isfinite(some[:, :back]), axis=1),
            ).into(bands, chosen, since - back)
    return bands


def _first(values: Array, sizes: Array | None) -> tuple[Array, Array | None]:
    """The first FIRST points of each series, NaN elsewhere; the columns past the last are cut."""
    width = values.shape[1]
    end, present = min(2 * FIRST, width), np.isfinite(values)
    while end < width and (np.count_nonzero(present[:, :end], axis=1) <= FIRST).any():
        end = min(2 * end, width)
    among = np.cumsum(present[:, :end], axis=1) <= FIRST
    end = int(among.sum(axis=1).max(initial=0))
    first = np.where(among[:, :end], values[:, :end], np.nan)
    return first, None if sizes is None else np.where(np.isfinite(first), sizes[:, :end], np.nan)


@dataclass(frozen=True)
class _Place:
    """Some rows of a walk in one period, and where they are written."""

    chosen: NDArray[np.intp]
    rows: NDArray[np.intp]
    period: int
    column: int


class Walk:
    """The state of a walk: what of each series counts as normal so far."""

    def __init__(
        self,
        values: Array,
        scale: Scale,
        grain: str,
        alpha: float,
        *,
        sizes: Array | None = None,
        left_out: NDArray[np.bool_] | None = None,
        seasons: NDArray[np.intp] | None = None,
        before: NDArray[np.intp] | int = 0,
    ) -> None:
        self.values, self.sizes, self.scale = values, sizes, scale
        self.grain, self.alpha, self.seasons = grain, alpha, seasons
        self.persists = PERSISTS[grain]
        self.g = scale.to(values, sizes)
        self.normal = self.g if left_out is None else np.where(left_out, np.nan, self.g)
        self.normal = self.normal.copy()
        self.sampling = scale.sampling(values, sizes)
        self.noise = scale.noise(values, sizes)
        self.run = np.zeros(len(values), dtype=int)
        self.before = before

    def into(self, bands: Bands, chosen: NDArray[np.intp], first: int) -> None:
        """Judge the columns from `first` on and write them in the rows `chosen` of `bands`."""
        present = np.isfinite(self.g[:, first:])
        bands.status[chosen] = np.where(present, INSUFFICIENT, NO_VALUE)
        for t, rows, expected in self.steps(first):
            half = expected.spread * limit(expected.free, expected.tails, self.alpha)
            known = np.flatnonzero(expected.points >= enough(self.alpha))
            at = _Place(chosen, rows[known], t, t - first)
            self._write(bands, at, expected.centre[known], half[known])

    def steps(self, first: int) -> Iterator[tuple[int, NDArray[np.intp], Expected]]:
        """Per column from `first` on: which series have a point there and enough before it to say
        anything, and what it was expected to be."""
        present = np.isfinite(self.values)
        seen = self.before + np.count_nonzero(present[:, :first], axis=1)
        for t in range(first, self.g.shape[1]):
            seen = seen + present[:, t]
            # The scale is known from the first points, all before this one.
            since = max(0, t - WINDOW)
            known = np.count_nonzero(np.isfinite(self.normal[:, since:t]), axis=1) >= LEAST
            rows = np.flatnonzero(np.isfinite(self.g[:, t]) & (seen > FIRST) & known)
            if not len(rows):
                continue
            expected = self._expected(rows, t)
            steady = expected.spread > 1e-9 * np.maximum(np.abs(expected.centre), 1e-9)
            rows, expected = rows[steady], expected.take(steady)
            yield t, rows, expected
            alpha = min(self.alpha, INCIDENT_ALPHA)
            wild = expected.spread * limit(expected.free, expected.tails, alpha)
            off = self.g[rows, t] - expected.centre
            side = np.where(np.abs(off) > wild, np.sign(off), 0).astype(int)
            self._remember(rows, t, expected.centre, side)

    def _expected(self, rows: NDArray[np.intp], t: int) -> Expected:
        since = max(0, t - WINDOW)
        x = self.normal[rows, since:t]
        noise = sampling = next_noise = next_sampling = None
        if self.noise is not None:
            noise, next_noise = self.noise[rows, since:t], self.noise[rows, t]
        if self.sampling is not None:
            sampling, next_sampling = self.sampling[rows, since:t], self.sampling[rows, t]
        season = None
        if self.seasons is not None and self.grain in SEASONS:
            season = Season(self.seasons[since:t], int(self.seasons[t]), *SEASONS[self.grain])
        return expect(
            x,
            noise=noise,
            next_noise=next_noise,
            sampling=sampling,
            next_sampling=next_sampling,
            season=season,
            floor=self.scale.take(rows).floor(x),
        )

    def _write(self, bands: Bands, at: _Place, centre: Array, half: Array) -> None:
        score = (self.g[at.rows, at.period] - centre) / half
        size = None if self.sizes is None else self.sizes[at.rows, at.period : at.period + 1]
        scale, to = self.scale.take(at.rows), (at.chosen[at.rows], at.column)
        bands.lower[to] = scale.back((centre - half)[:, None], size)[:, 0]
        bands.centre[to] = scale.back(centre[:, None], size)[:, 0]
        bands.upper[to] = scale.back((centre + half)[:, None], size)[:, 0]
        bands.score[to] = score
        bands.status[to] = np.where(np.abs(score) > 1, DRIFTING, STABLE)

    def _remember(
        self, rows: NDArray[np.intp], t: int, centre: Array, side: NDArray[np.int_]
    ) -> None:
        """Leave incidents out of what is normal, unless they have become so."""
        before = self.run[rows]
        run = np.where(side == 0, 0, np.where(before * side > 0, before + side, side))
        out = rows[side != 0]
        self.normal[out, t] = np.nan
        lasting = np.abs(run) >= self.persists
        since = t - self.persists + 1
        for row, level in zip(rows[lasting], centre[lasting], strict=True):
            # The past keeps its spread and moves to the new level.
            new = self.g[row, since : t + 1]
            self.normal[row, :since] += np.nanmedian(new) - level
            self.normal[row, since : t + 1] = new
        self.run[rows] = np.where(lasting, 0, run)
