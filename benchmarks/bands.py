"""How often the process band cries wolf, and how soon it finds a shift, beside what people use.

    python -m benchmarks.bands [--quick] [--markdown]

Series in which nothing changes (normal, Poisson, binomial, Student t3; AR(1) of 0, 0.3, 0.5; with a
week's season, with a trend) are judged at their last point, after 7 to 400 points: the share called
drifting is told as a multiple of the declared alpha, with its standard error. Then shifts of 1, 2
and 3 sd. `--markdown` writes the tables into docs/process-band.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.naive_bands import NAIVE
from benchmarks.series import LAGS, Shape, figures, standard
from pipelines.bands.limits import PERIODS_PER_YEAR, alpha_of
from pipelines.bands.walk import DRIFTING, INSUFFICIENT, STABLE, judge

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "process-band.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
POINTS = (7, 14, 30, 60, 100, 400)
GRAINS = ("day", "week", "month")
KINDS = ("normal", "poisson", "binomial", "t3")
SHAPES: tuple[Shape, ...] = ("plain", "season", "trend")
OURS = "process band"


def rates(
    random: np.random.Generator,
    rows: int,
    points: int,
    lag: float,
    draw: str,
    shape: Shape,
    grain: str,
) -> dict[str, tuple[float, float]]:
    """By way: alarms over the declared alpha at the last point, and its standard error; NaN where
    the answer is insufficient_data. The last 100 points are judged one by one, as in use."""
    kind, values, sizes = figures(random, rows, points + 1, lag, draw, shape)
    alpha = alpha_of(grain, 1.0)
    bands = judge(
        values,
        kind=kind,
        grain=grain,
        sizes=sizes,
        seasons=np.arange(points + 1) % 7 if grain == "day" else None,
        since=max(0, points - 100),
    )
    # A long series lends its last points too, since its band hardly moves in them.
    status = bands.status[:, -max(1, points // 20) :]
    judged = (status != INSUFFICIENT).all(axis=1)
    found = {OURS: (np.nan, np.nan)}
    if judged.mean() > 0.5:
        shares = (status[judged] == DRIFTING).mean(axis=1)
        error = max(float(shares.std()), float(np.sqrt(alpha / status.shape[1]) / 2))
        found[OURS] = float(shares.mean()) / alpha, error / np.sqrt(len(shares)) / alpha
    for name, way in NAIVE.items():
        found[name] = float(way(values, alpha).mean()) / alpha, np.nan
    return found


def in_use(random: np.random.Generator, rows: int) -> Iterator[str]:
    """False alarms per year when every point of a series is judged in turn."""
    yield "| grain | AR(1) | normal | Poisson | binomial | t3 |\n|---|---|---|---|---|---|"
    for grain, width in (("day", 400), ("week", 156), ("month", 60)):
        for lag in LAGS:
            cells = []
            for draw in KINDS:
                kind, values, sizes = figures(random, rows, width, lag, draw, "plain")
                bands = judge(values, kind=kind, grain=grain, sizes=sizes)
                alarms = (bands.status == DRIFTING).sum()
                years = np.isin(bands.status, (STABLE, DRIFTING)).sum() / PERIODS_PER_YEAR[grain]
                cells.append(f"{alarms / years:.2f} ± {np.sqrt(alarms) / years:.2f}")
            yield f"| {grain} | {lag} | " + " | ".join(cells) + " |"


def power(random: np.random.Generator, rows: int) -> Iterator[str]:
    """Share found at the first point of a lasting shift and within five, and the mean delay."""
    yield (
        "| grain | points | shift | at once | within 5 | periods until then | "
        + " | ".join(f"{name}: within 5" for name in NAIVE)
        + " |"
    )
    yield "|---" * (6 + len(NAIVE)) + "|"
    for grain, points in (("day", 60), ("day", 400), ("week", 60), ("month", 14), ("month", 30)):
        alpha = alpha_of(grain, 1.0)
        for sd in (1, 2, 3):
            values = standard(random, rows, points + 5, 0.3)
            values[:, points:] += sd
            found = np.zeros((rows, 5), dtype=bool)
            status = judge(values, kind="score", grain=grain).status[:, points:]
            found = status == DRIFTING
            delay = found.argmax(axis=1)[found.any(axis=1)].mean() + 1
            others = [
                np.stack([way(values[:, : points + n + 1], alpha) for n in range(5)]).any(axis=0)
                for way in NAIVE.values()
            ]
            cells = [found[:, 0].mean(), found.any(axis=1).mean()]
            yield (
                f"| {grain} | {points} | {sd} sd | {cells[0]:.0%} | {cells[1]:.0%} | {delay:.1f} | "
                + " | ".join(f"{each.mean():.0%}" for each in others)
                + " |"
            )


def alarms(random: np.random.Generator, rows: int, grain: str) -> Iterator[str]:
    """One table per grain: our rate, with its standard error, and that of the others."""
    ways = [OURS, *NAIVE]
    yield "| points | series | AR(1) | shape | " + " | ".join(ways) + " |"
    yield "|---" * (4 + len(ways)) + "|"
    for points in POINTS:
        for draw in KINDS:
            for lag in LAGS:
                for shape in SHAPES:
                    if (shape == "season") > (grain == "day") or (shape == "trend") > (
                        draw == "normal"
                    ):
                        continue
                    found = rates(random, _rows(rows, points), points, lag, draw, shape, grain)
                    ratio, error = found[OURS]
                    ours = "insufficient" if np.isnan(ratio) else f"{ratio:.2f} ± {error:.2f}"
                    others = [f"{found[way][0]:.1f}" for way in NAIVE]
                    row = [str(points), draw, str(lag), shape, ours, *others]
                    yield "| " + " | ".join(row) + " |"


def _rows(rows: int, points: int) -> int:
    return max(200, rows * 60 // max(points, 60))


def speed(quick: bool) -> Iterator[str]:
    """Seconds and memory for many series of 400 periods."""
    yield "| series × periods | what | seconds | peak memory (MB) |\n|---|---|---|---|"
    random = np.random.default_rng(0)
    for rows, newest in ((10_000, True), (2_000 if quick else 10_000, False), (100_000, True)):
        values = random.standard_normal((rows, 400))
        begun = time.perf_counter()
        judge(values, kind="score", grain="day", since=399 if newest else 0)
        took = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield (
            f"| {rows:,} × 400 | {'newest point' if newest else 'every point'} "
            f"| {took:.1f} | {peak:,.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some minutes, with larger errors")
    parser.add_argument("--markdown", action="store_true", help="write docs/process-band.md")
    options = parser.parse_args()
    random = np.random.default_rng(6)
    rows = 2_000 if options.quick else 8_000
    said: list[str] = []

    def tell(lines: Iterator[str]) -> None:
        for line in lines:
            print(line, flush=True)
            said.append(line)

    tell(iter(["### Cost", ""]))
    tell(speed(options.quick))
    for grain in GRAINS:
        title = (
            f"### {grain}: alarms at the last point over the declared {alpha_of(grain, 1.0):.2%}"
        )
        tell(iter(["", title, ""]))
        tell(alarms(random, rows if grain == "day" else rows // 3, grain))
    tell(iter(["", "### In use: false alarms per year, where one is declared", ""]))
    tell(in_use(random, 200 if options.quick else 2_000))
    tell(iter(["", "### Lasting shifts (normal, AR(1) 0.3)", ""]))
    tell(power(random, 1_000 if options.quick else 4_000))
    if options.markdown:
        text = DOCUMENT.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        body = "\n".join(said)
        DOCUMENT.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
