"""Series judged at their newest period by both bands, beside one pass of numpy over the same array.

make bench ONLY=series
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.harness import Point, Result, Stopwatch, Taken, alternate, child, python, scales

SIZES = {"small": (100, 1_000, 10_000), "full": (1_000, 10_000, 100_000)}
PERIODS = 400
BANDS, PASS = "both bands", "numpy, mean and deviation"


def main(what: str, rows: int) -> dict[str, float]:
    """Seconds, after the array is made."""
    import numpy as np

    from pipelines.bands.walk import judge

    values = np.random.default_rng(1).standard_normal((rows, PERIODS)) + 10
    watch = Stopwatch()
    if what == "bands":
        judge(values, kind="score", grain="day", since=PERIODS - 1)
        newest = values[:, -1]
        outside = (newest < 8.0) | (newest > 12.0)
    else:
        centre, spread = values.mean(axis=1), values.std(axis=1)
        outside = np.abs(values[:, -1] - centre) > 3 * spread
    return {**watch.told(), "outside": int(outside.sum())}


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """Series × 1, × 10 and × 100."""
    points = []
    for scale, rows in zip(scales(), SIZES[size], strict=False):

        def run(what: str, rows: int = rows) -> Taken:
            return child(python("benchmarks.judging", what, rows))

        ways, left_out = alternate({PASS: lambda: run("pass"), BANDS: lambda: run("bands")}, rounds)
        points.append(Point(scale, f"{rows:,} series of {PERIODS} periods", ways, left_out))
    return [
        Result(
            "series", "Series judged", tuple(points), ((BANDS, PASS, None),),
            ((BANDS, 5.0, 1024.0),),
        )
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
