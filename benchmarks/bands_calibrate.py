"""Makes `pipelines/bands/factors.py`: how wide the process band must be.

    python -m benchmarks.bands_calibrate [--quick]     # about 10 minutes

Series in which nothing changes are judged point by point as in use; per number of points and
alpha, the factor is the quantile of their prediction errors, as a straight line in how heavy the
tails look. The series are a declared mix: 60 % normal, 25 % Student t5, 15 % t3, each with AR(1) of
0, 0.3 and 0.5 in equal parts. Since incidents are left out by a factor of the table itself, it is
made twice, the second time with a quick first one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.series import LAGS, Array, standard
from pipelines.bands import limits
from pipelines.bands.scales import Scale
from pipelines.bands.walk import Walk

MIX = (("normal", 0.60), ("t5", 0.25), ("t3", 0.15))
POINTS = (7, 8, 10, 12, 14, 17, 21, 26, 33, 45, 60, 85, 130, 240)
ALPHAS = (0.0005, 0.001, 0.0027, 0.005, 0.01, 0.0192, 0.04, 0.0833, 0.15)
OUT = Path(limits.__file__).with_name("factors.py")


def errors(random: np.random.Generator, rows: int, width: int) -> tuple[Array, Array, Array]:
    """Of every point: free points before it, tails, and its error in spreads, all series on end."""
    parts = [
        standard(random, max(1, round(rows * share / len(LAGS))), width, lag, draw)
        for draw, share in MIX
        for lag in LAGS
    ]
    values = np.concatenate(parts)
    walk = Walk(values, Scale.of("score", values[:, :1], None), "day", 0.0027)
    found: list[tuple[Array, Array, Array]] = []
    for t, row, expected in walk.steps(0):
        z = np.abs(walk.g[row, t] - expected.centre) / expected.spread
        found.append((expected.free, expected.tails, z))
    free, tails, z = (np.concatenate(column) for column in zip(*found, strict=True))
    return free, tails, z


def line(tails: Array, z: Array, alpha: float) -> tuple[float, float]:
    """The quantile of z at 1 - alpha as base + rise * (tails - 1): in each eighth of the
    series, by tails, the line is moved by what the quantile there lacks, until it stays."""
    x = limits.beyond_normal(tails)
    base, rise = float(np.quantile(z, 1 - alpha)), 0.0
    edges = np.quantile(x, np.linspace(0, 1, 9))
    for _ in range(60):
        inside = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, 7)
        centres, lacks, weights = [], [], []
        for eighth in range(8):
            mine = inside == eighth
            if not mine.any():
                continue
            centres.append(x[mine].mean())
            weights.append(np.sqrt(mine.sum()))
            lacks.append(np.quantile((z - rise * x - base)[mine], 1 - alpha))
        step_rise, step_base = np.polyfit(centres, lacks, 1, w=weights)
        base, rise = base + 0.5 * step_base, max(0.0, rise + 0.5 * step_rise)
    # And the whole has alpha exactly.
    return float(base + np.quantile(z - rise * x - base, 1 - alpha)), rise


def table(quick: bool, seed: int) -> Array:
    """Alpha × points × (base, rise)."""
    random = np.random.default_rng(seed)
    scale = 0.15 if quick else 1.0
    runs = [
        errors(random, int(rows * scale), width) for rows, width in ((90_000, 40), (7_000, 270))
    ]
    free, tails, z = (np.concatenate(column) for column in zip(*runs, strict=True))
    made = np.empty((len(ALPHAS), len(POINTS), 2))
    for p, points in enumerate(POINTS):
        near = np.abs(np.log(free / points)) < (0.03 if points < 30 else 0.1)
        near |= np.abs(free - points) < 0.5
        for a, alpha in enumerate(ALPHAS):
            made[a, p] = line(tails[near], z[near], alpha)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a seventh of the series")
    quick = parser.parse_args().quick
    for seed in (1, 2):
        made = table(quick or seed == 1, seed)
        rows = "".join(
            "    (  # {}\n{}    ),\n".format(
                alpha,
                "".join(f"        ({base:.3f}, {rise:.2f}),\n" for base, rise in made[a]),
            )
            for a, alpha in enumerate(ALPHAS)
        )
        OUT.write_text(
            '"""The factors of `limits.py`. Made by `python -m benchmarks.bands_calibrate`: edit'
            ' nothing here."""\n\n'
            f"ALPHAS = {ALPHAS}\nPOINTS = {POINTS}\n\n# Per alpha and points: half-width in spreads"
            " at normal tails, and more per unit of tails.\n"
            f"FACTORS = (\n{rows})\n",
            encoding="utf-8",
        )
        limits.ALPHAS, limits.POINTS = ALPHAS, POINTS
        limits.FACTORS = made.tolist()


if __name__ == "__main__":
    main()
