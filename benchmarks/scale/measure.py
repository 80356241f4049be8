"""A full build from the landing beside the best SQL by hand, and a night beside the full build.

make bench ONLY=build
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from benchmarks.harness import (
    FailedError,
    Point,
    Result,
    Taken,
    alternate,
    child,
    python,
    scales,
    tell,
)
from benchmarks.scale.sizes import Size, over

MEMORY = "3GiB"
"""What DuckDB may use, on both sides."""

BY_HAND, FACTS = "SQL by hand", "dbt, as far as the facts"
EVERYTHING, NIGHT = "dbt build, everything", "a night"


def _fresh(home: Path) -> None:
    shutil.rmtree(home / "warehouse", ignore_errors=True)


def _dbt(home: Path, what: str, *, fresh: bool) -> Taken:
    if fresh:
        _fresh(home)
    environment = {"KOERS_HOME": str(home), "KOERS_MEMORY_LIMIT": MEMORY}
    return child(python("benchmarks.scale.build", home, what), environment)


def _added(facts: Taken, rest: Taken) -> Taken:
    """A build in two steps, so that one at full size is not made twice."""
    said = dict(rest.said)
    for what in ("by_folder", "slowest"):
        both = Counter(facts.said[what]) + Counter(rest.said[what])
        said[what] = {name: round(seconds, 1) for name, seconds in both.most_common(20)}
    return Taken(
        facts.seconds + rest.seconds,
        facts.cpu + rest.cpu,
        max(facts.peak_mb, rest.peak_mb),
        said,
    )


def _by_hand(home: Path) -> Taken:
    file = home / "by_hand.duckdb"
    file.unlink(missing_ok=True)
    return child(python("benchmarks.scale.by_hand", home, file, MEMORY))


def _same_facts(home: Path) -> None:
    """Raises FailedError where the two do not say the same."""
    said = child(
        python(
            "benchmarks.scale.compare", home / "by_hand.duckdb", home / "warehouse" / "koers.duckdb"
        )
    ).said
    if said["differences"]:
        raise FailedError("; ".join(said["differences"]))
    tell(f"  the same facts: {said['rows']:,} rows")


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """The full size is x100; small ones are a hundred times smaller."""
    builds, nights = [], []
    for scale, divisor in zip(scales(), (100, 10, 1), strict=False):
        one = over(divisor * (100 if size == "small" else 1))
        build, night = _at(one, scale, folder / f"scale-{scale}", 1 if divisor == 1 else rounds)
        builds.append(build)
        nights.append(night)
    return [
        Result(
            "build",
            "Full build from the landing",
            tuple(builds),
            ((FACTS, BY_HAND, 1.5), (EVERYTHING, BY_HAND, None)),
            ((FACTS, None, 4096.0), (EVERYTHING, None, 4096.0)),
        ),
        Result(
            "night",
            "A night with 0.5 % new and 0.1 % late data",
            tuple(nights),
            ((NIGHT, EVERYTHING, 0.05),),
        ),
    ]


def _at(size: Size, scale: str, home: Path, rounds: int) -> tuple[Point, Point]:
    tell(f" {scale}: {size}")
    child(python("benchmarks.scale.landed", home, *size.numbers()))
    built: list[Taken] = []

    def facts() -> Taken:
        built.append(_dbt(home, "facts", fresh=True))
        return built[-1]

    ways, left_out = alternate({BY_HAND: lambda: _by_hand(home), FACTS: facts}, rounds)
    if FACTS in left_out:
        # Without facts there is no rest, and no night to follow.
        shutil.rmtree(home)
        point = Point(scale, str(size), ways, left_out)
        return point, Point(scale, str(size), (), left_out)
    _same_facts(home)
    whole, left = alternate(
        {EVERYTHING: lambda: _added(built[-1], _dbt(home, "rest", fresh=False))}, 1
    )
    child(python("benchmarks.scale.landed", home, "--night", 1, *size.numbers()))
    after, missed = alternate({NIGHT: lambda: _dbt(home, "everything", fresh=False)}, 1)
    shutil.rmtree(home)
    build = Point(scale, str(size), (*ways, *whole), {**left_out, **left})
    return build, Point(scale, str(size), (*whole, *after), missed)
