"""Measures what Koers costs beside a baseline in the same run, keeps the results, renews the page.

    make bench                                   # everything, small: a quarter of an hour
    make bench ONLY=csv,series SIZE=full         # some of it, as docs/performance.md tells it

Results stand in benchmarks/results/ as JSON; small ones in benchmarks/results/small/ (not kept in
the repository), and do not reach the page.
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
from pathlib import Path

from benchmarks import page
from benchmarks.harness import MOST, RESULTS, keep, tell

# By name: the module with `measure(size, rounds, folder)`, which gives one result or more.
BENCHMARKS = {
    "csv": "benchmarks.csv_landing",
    "api": "benchmarks.api_pull",
    "build": "benchmarks.scale.measure",
    "series": "benchmarks.judging",
    "publish": "benchmarks.publishing",
    "dagster": "benchmarks.night_runs",
    "location": "benchmarks.location",
    "bi": "benchmarks.bi",
}
ROUNDS = 3
TOGETHER = {"night": "build", "idle": "dagster"}
"""Measured with another one, of whose work they need the end."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help=", ".join((*BENCHMARKS, *TOGETHER)))
    parser.add_argument("--size", choices=("small", "full"), default="small")
    parser.add_argument("--most", choices=("x1", "x10", "x100"), default="x100")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--work", type=Path, help="a folder for scratch (full: 60 GB)")
    given = parser.parse_args()
    os.environ[MOST] = given.most
    wanted = [TOGETHER.get(name, name) for name in given.only.split(",") if name]
    if unknown := sorted(set(wanted) - set(BENCHMARKS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    for name, module in BENCHMARKS.items():
        if wanted and name not in wanted:
            continue
        tell(f"{name}, {given.size}")
        command = f"make bench ONLY={name} SIZE={given.size}"
        command += f" MOST={given.most}" if given.most != "x100" else ""
        command += f" ROUNDS={given.rounds}" if given.rounds != ROUNDS else ""
        with tempfile.TemporaryDirectory(prefix=f"koers-{name}-", dir=given.work) as folder:
            measured = importlib.import_module(module).measure
            for result in measured(given.size, given.rounds, Path(folder)):
                where = RESULTS if given.size == "full" else RESULTS / "small"
                file = keep(result, command, given.size, where)
                print(page.table(file))
    page.write()


if __name__ == "__main__":
    main()
