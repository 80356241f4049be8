"""A publication made of a warehouse, beside a copy of its file, flushed.

    make bench ONLY=publish

The copy is the least that gives a fresh file. A publication writes the tables anew (so that nothing
erased survives), as DuckDB and as Parquet, counts and hashes both, and puts them in place at once.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Point, Result, Stopwatch, Taken, alternate, child, python, scales

SIZES = {"small": (100, 1_000, 10_000), "full": (2_400, 24_000, 240_000)}
PERIODS = 156
PUBLISH, COPY = "publication", "file copy"


def main(what: str, file: Path, work: Path) -> dict[str, float]:
    """Seconds of the one or the other, or of making the warehouse with so many series."""
    from pipelines.publication import publish
    from pipelines.settings import Home

    watch = Stopwatch()
    if what == "copy":
        with file.open("rb") as source, (work / "copy").open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
    else:
        publish(file, Home(work), run_id="benchmark", keep=1)
    return watch.told()


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """Series × 1, × 10 and × 100."""
    points = []
    for scale, series in zip(scales(), SIZES[size], strict=False):
        file = folder / "warehouse" / "koers.duckdb"
        child(python("benchmarks.publishing", "make", file, series))

        def run(what: str, file: Path = file) -> Taken:
            with tempfile.TemporaryDirectory(dir=folder) as work:
                home = {"KOERS_HOME": work}
                return child(python("benchmarks.publishing", what, file, work), home)

        ways, left_out = alternate(
            {COPY: lambda: run("copy"), PUBLISH: lambda: run("publish")}, rounds
        )
        of = f"{series * PERIODS:,} rows of status facts, {file.stat().st_size / 1e6:,.0f} MB"
        points.append(Point(scale, of, ways, left_out))
        shutil.rmtree(file.parent)
    return [Result("publish", "Publication of a mart", tuple(points), ((PUBLISH, COPY, None),))]


if __name__ == "__main__":
    what, file, last = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "make":
        from benchmarks.watch import warehouse

        warehouse(file, int(last), PERIODS, 10)
    else:
        print(json.dumps(main(what, file, Path(last))))
