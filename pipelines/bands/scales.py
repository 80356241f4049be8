"""On which scale a kind of figure has a spread that does not follow its level, and back.

- `count`: how often something happened. 2 √(y + 3/8) has a spread of 1 when events come at random
  (Anscombe 1948, The transformation of Poisson, binomial and negative-binomial data).
- `rate`: a share of a denominator n. 2 asin √((y n + 3/8) / (n + 3/4)) has a variance of
  1/(n + 1/2) when cases are alike (Anscombe 1948); what goes beyond it is estimated, since it often
  is more, as Laney (2002, Improved control charts for attributes) says.
- `amount`: money, hours, days. log(1 + y/c) above nought and y/c below it, where c is the usual
  size of the series: between a plain and a log scale, with a place for nought and credit notes.
- `score`: as it is.

What a series is must not depend on its future, so `Scale.of` looks at its first points only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.bands.robust import Array, median

Kind = Literal["count", "rate", "amount", "score"]

_ROOT_AT_0 = 2 * np.sqrt(0.375)
_SLOPE_AT_0 = 1 / np.sqrt(0.375)


@dataclass(frozen=True)
class Scale:
    """Of series of one kind. `plain` marks the series left as they are, `usual` is c of an amount
    (or the usual denominator of a ratio that is no rate, see `noise`)."""

    kind: Kind
    plain: NDArray[np.bool_]
    usual: Array
    usual_size: Array

    @classmethod
    def of(cls, kind: Kind, first: Array, first_sizes: Array | None) -> Scale:
        """From the first points of each series. A count with negatives, such as a net growth, and a
        rate outside 0 to 1 are left as they are."""
        none = np.zeros(len(first), dtype=bool)
        sizes = np.ones(len(first)) if first_sizes is None else median(first_sizes)
        if kind == "count":
            negative = np.asarray((first < 0).any(axis=1))
            return cls(kind, negative, np.ones(len(first)), sizes)
        if kind == "rate":
            outside = np.asarray(((first < 0) | (first > 1)).any(axis=1))
            return cls(kind, outside, np.ones(len(first)), sizes)
        if kind == "amount":
            usual = median(np.abs(first))
            filled = np.isfinite(first).any(axis=1)
            mean = np.where(filled, np.nansum(np.abs(first), axis=1), 0) / np.maximum(
                np.isfinite(first).sum(axis=1), 1
            )
            usual = np.where(usual > 0, usual, mean)
            return cls(kind, none, np.where(usual > 0, usual, 1.0), sizes)
        return cls(kind, ~none, np.ones(len(first)), sizes)

    def take(self, rows: NDArray[np.intp]) -> Scale:
        return Scale(self.kind, self.plain[rows], self.usual[rows], self.usual_size[rows])

    def to(self, y: Array, sizes: Array | None) -> Array:
        """Values (series × periods) on the scale; `sizes` are the denominators."""
        plain = self.plain[:, None]
        if self.kind == "count":
            root = 2 * np.sqrt(np.maximum(y, 0) + 0.375)
            return np.where(plain, y, np.where(y >= 0, root, _ROOT_AT_0 + _SLOPE_AT_0 * y))
        if self.kind == "rate":
            n = _sizes(y, sizes)
            part = (np.clip(y, 0, 1) * n + 0.375) / (n + 0.75)
            return np.where(plain, y, 2 * np.arcsin(np.sqrt(part)))
        if self.kind == "amount":
            relative = y / self.usual[:, None]
            return np.where(relative >= 0, np.log1p(np.maximum(relative, 0)), relative)
        return y

    def back(self, g: Array, sizes: Array | None) -> Array:
        """The inverse: what a place on the scale is in units of the KPI."""
        plain = self.plain[:, None]
        if self.kind == "count":
            count = np.maximum(np.maximum(g, 0) ** 2 / 4 - 0.375, 0)
            return np.where(plain, g, count)
        if self.kind == "rate":
            n = _sizes(g, sizes)
            part = np.sin(np.clip(g, 0, np.pi) / 2) ** 2
            return np.where(plain, g, np.clip((part * (n + 0.75) - 0.375) / n, 0, 1))
        if self.kind == "amount":
            return self.usual[:, None] * np.where(g >= 0, np.expm1(np.clip(g, 0, 300)), g)
        return g

    def sampling(self, y: Array, sizes: Array | None) -> Array | None:
        """The variance that a rate has by chance alone, per point; None for other kinds."""
        if self.kind != "rate" or sizes is None:
            return None
        return np.where(self.plain[:, None], 0.0, 1 / (_sizes(y, sizes) + 0.5))

    def noise(self, y: Array, sizes: Array | None) -> Array | None:
        """The sd of each point relative to the usual one, of a ratio that is no rate: half of the
        variance is taken to follow the size of the sample, since neither extreme holds for averages
        and for shares of money."""
        if sizes is None or self.kind == "rate":
            return None
        relative = np.clip(self.usual_size[:, None] / _sizes(y, sizes), 1 / 16, 16)
        return np.sqrt(0.5 + 0.5 * np.where(np.isfinite(relative), relative, 1.0))

    def floor(self, g: Array) -> Array:
        """The least sd per series on the scale, from its points there (series × periods): that of
        chance where events are few, half of it where they are many, since some are planned; 0 for
        other kinds."""
        if self.kind != "count":
            return np.zeros(len(self.plain))
        mean = np.nansum(g, axis=1) / np.maximum(np.isfinite(g).sum(axis=1), 1)
        level = np.nan_to_num(mean) ** 2 / 4
        return np.where(self.plain, 0.0, 0.5 + 0.5 / (1 + level / 10))


def _sizes(y: Array, sizes: Array | None) -> Array:
    return np.full(y.shape, 1e6) if sizes is None else np.maximum(np.nan_to_num(sizes), 1e-6)
