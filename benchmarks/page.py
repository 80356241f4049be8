"""Makes docs/performance.md from the results that are kept: `python -m benchmarks.page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS, ROOT, Point, Result, Way, read

PAGE = ROOT / "docs" / "performance.md"
NOTES = ROOT / "benchmarks" / "notes"
ORDER = (
    "csv", "api", "build", "night", "idle", "series", "publish", "dagster", "location", "bi",
)  # fmt: skip
HEAD = """# Performance

Made by `python -m benchmarks.page` from `benchmarks/results/`; edit nothing here. What is said
under a table stands in `benchmarks/notes/`.

Each figure is measured beside a baseline in the same run, the two taking turns. Told are the median
of the rounds by the clock and in time of the processors (which says more where the machine does
other work), the most memory of any one process, and the ratio of the medians, by the clock and (in
brackets) of the processors. `make bench
ONLY=csv SIZE=full` measures one again; without `SIZE=full` it is a hundred times smaller and takes
minutes. What this means for a large organisation is in [scale.md](scale.md).
"""


def seconds(value: float) -> str:
    """As many digits as mean something."""
    if value < 1:
        return f"{1000 * value:,.0f} ms"
    return f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"


def ratio(result: Result, point: Point, way: Way) -> Iterator[str]:
    """A way over each of its baselines at one size."""
    there = {each.name for each in point.ways}
    for name, baseline, _ in result.compared:
        if name == way.name and baseline in there:
            # What takes half a millisecond has no ratio worth telling.
            base = point.way(baseline)
            clock = way.median / max(base.median, 0.0005)
            yield f"{clock:.2f} ({way.median_cpu / max(base.median_cpu, 0.0005):.2f}) × {baseline}"


def table(file: Path) -> str:
    """A result as Markdown."""
    result, about = read(file)
    return "\n".join(_lines(result, about))


def _lines(result: Result, about: dict[str, Any]) -> Iterator[str]:
    yield f"## {result.title}\n"
    yield "| Size | Way | Clock | Processors | Peak memory | Ratio |\n|---|---|--:|--:|--:|---|"
    for point in result.points:
        shown = f"{point.scale}: {point.of}"
        for way in point.ways:
            told = "; ".join(ratio(result, point, way))
            yield (
                f"| {shown} | {way.name} | {seconds(way.median)} | {seconds(way.median_cpu)} "
                f"| {way.peak_mb:,.0f} MB | {told} |"
            )
            shown = ""
        for name, why in point.left_out.items():
            yield f"| {shown} | {name} | | | | {' '.join(why.split())[:150].replace('|', '/')} |"
            shown = ""
    yield ""
    yield from _aims(result)
    yield from _note(result.name)
    machine, versions = about["machine"], about["versions"]
    rounds = max((len(w.seconds) for p in result.points for w in p.ways), default=0)
    yield (
        f"`{about['command']}`, {about['at'][:10]}, up to {rounds} rounds; {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, load "
        f"{about['load_before']} before; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + ".\n"
    )


def _aims(result: Result) -> Iterator[str]:
    """What was aimed at, at the largest size that was measured."""
    if not result.points:
        return
    point = result.points[-1]
    there = {way.name for way in point.ways}
    for name in point.left_out:
        yield f"Aim: {name}; missed: it did not come to an end.\n"
    for name, baseline, aim in result.compared:
        if aim is not None and {name, baseline} <= there:
            found = point.way(name).median / max(point.way(baseline).median, 0.0005)
            met = "met" if found <= aim else "missed"
            yield f"Aim: {name} at most {aim:g} × {baseline}; {met} at {found:.2f} ×.\n"
    for name, most, memory in result.limits:
        if name in there:
            way = point.way(name)
            if most is not None:
                met = "met" if way.median <= most else "missed"
                yield f"Aim: {name} within {seconds(most)}; {met} at {seconds(way.median)}.\n"
            if memory is not None:
                met = "met" if way.peak_mb <= memory else "missed"
                yield f"Aim: {name} within {memory:,.0f} MB; {met} at {way.peak_mb:,.0f} MB.\n"


def _note(name: str) -> Iterator[str]:
    """Where the time goes, by people."""
    file = NOTES / f"{name}.md"
    if file.exists():
        yield file.read_text(encoding="utf-8").strip() + "\n"


def text() -> str:
    """The whole page."""
    files = [RESULTS / f"{name}.json" for name in ORDER]
    return "\n".join([HEAD, *(table(file) for file in files if file.exists())])


def write() -> None:
    """Renew the page."""
    PAGE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
