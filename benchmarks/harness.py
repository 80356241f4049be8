"""What the benchmarks share: ways that take turns in child processes, medians, peak memory, and a
result that says machine, versions and command.

A child prints one JSON object as its last line. Its `seconds` and `cpu`, where it tells them, are
taken (so that a way may leave out its imports); else those of the whole process. On a machine that
does other work too, the processor's time says more than the clock. Memory is the most of any
one process of the child, as the kernel counted it (`wait4`). This process stays small and imports
nothing heavy: Linux counts the memory of a parent at the moment of the fork for its child too.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
VERSIONS = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "dagster-dbt", "numpy", "requests")


MOST = "BENCH_MOST"
"""The variable with the largest scale that is wanted: x1, x10 or, by default, x100."""


def scales() -> tuple[str, ...]:
    """The scales that are wanted, smallest first."""
    all_of_them = ("x1", "x10", "x100")
    return all_of_them[: all_of_them.index(os.environ.get(MOST, "x100")) + 1]


class FailedError(RuntimeError):
    """A way did not do what it should; the text is the end of what it said."""


@dataclass(frozen=True)
class Taken:
    """One run of a way. seconds: by the clock. cpu: seconds of all processors together. peak_mb: MB
    of 2**20 bytes. said: what else the child told."""

    seconds: float
    cpu: float
    peak_mb: float
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """What was measured of one way at one size; see `Taken`. said: of its last run."""

    name: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    peak_mb: float
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Seconds by the clock."""
        return statistics.median(self.seconds)

    @property
    def median_cpu(self) -> float:
        return statistics.median(self.cpu)


@dataclass(frozen=True)
class Point:
    """One size. of: the size in words. compared: pairs of ways (this, over that)."""

    scale: str
    of: str
    ways: tuple[Way, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def way(self, name: str) -> Way:
        return next(way for way in self.ways if way.name == name)


@dataclass(frozen=True)
class Result:
    """One benchmark. compared: (way, baseline, aim as a ratio or None) for each ratio told.
    limits: (way, most seconds or None, most MB or None)."""

    name: str
    title: str
    points: tuple[Point, ...]
    compared: tuple[tuple[str, str, float | None], ...] = ()
    limits: tuple[tuple[str, float | None, float | None], ...] = ()


Child = Callable[[], Taken]


def child(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, cwd: Path = ROOT
) -> Taken:
    """Run a command to its end. Raises FailedError."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as wrong:
        began = time.perf_counter()
        running = subprocess.Popen(
            list(command),
            stdout=out,
            stderr=wrong,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
        )
        _, status, used = os.wait4(running.pid, 0)
        took = time.perf_counter() - began
        running.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        wrong.seek(0)
        said, complaint = out.read(), wrong.read()
    if running.returncode:
        raise FailedError(f"{' '.join(command)}: {(said + complaint)[-2000:]}")
    last = said.strip().rsplit("\n", 1)[-1]
    told: dict[str, Any] = json.loads(last) if last.startswith("{") else {}
    return Taken(
        float(told.pop("seconds", took)),
        float(told.pop("cpu", used.ru_utime + used.ru_stime)),
        used.ru_maxrss / 1024,
        told,
    )


class Stopwatch:
    """In a child: what it is to tell of the time since this was made."""

    def __init__(self) -> None:
        self._began, self._used = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        """Seconds by the clock, and of all processors together."""
        return {
            "seconds": time.perf_counter() - self._began,
            "cpu": time.process_time() - self._used,
        }


def python(module: str, *arguments: object) -> list[str]:
    """A module of this repository as a command."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def alternate(ways: Mapping[str, Child], rounds: int) -> tuple[tuple[Way, ...], dict[str, str]]:
    """Run each way in turn, as many rounds; the ways, and why one was left out. The first way is
    the baseline, and may not fail."""
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    left_out: dict[str, str] = {}
    for number in range(rounds):
        for name, run in ways.items():
            if name in left_out:
                continue
            try:
                one = run()
            except FailedError as error:
                if name == next(iter(ways)):
                    raise
                left_out[name] = str(error)[-300:]
                continue
            taken[name].append(one)
            tell(
                f"  round {number + 1}: {name}: {one.seconds:.2f} s, processors {one.cpu:.2f} s, "
                f"{one.peak_mb:,.0f} MB"
            )
    found = tuple(
        Way(
            name,
            tuple(round(one.seconds, 4) for one in runs),
            tuple(round(one.cpu, 4) for one in runs),
            round(max(one.peak_mb for one in runs), 1),
            runs[-1].said,
        )
        for name, runs in taken.items()
        if runs and name not in left_out
    )
    return found, left_out


def tell(text: str) -> None:
    """Say how far it is, where it does not get between results."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What these figures were measured on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def versions() -> dict[str, str]:
    """Of Python and of what does the work."""
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in VERSIONS}


def keep(result: Result, command: str, size: str, folder: Path = RESULTS) -> Path:
    """Write a result to `<folder>/<name>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "command": command,
        "size": size,
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
        "load_before": round(os.getloadavg()[2], 2),
        "machine": machine(),
        "versions": versions(),
        **asdict(result),
    }
    file = folder / f"{result.name}.json"
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return file


def read(file: Path) -> tuple[Result, dict[str, Any]]:
    """A result that was kept, and what is known of its run."""
    content = json.loads(file.read_text(encoding="utf-8"))
    points = tuple(
        Point(
            each["scale"],
            each["of"],
            tuple(
                Way(w["name"], tuple(w["seconds"]), tuple(w["cpu"]), w["peak_mb"], w["said"])
                for w in each["ways"]
            ),
            each["left_out"],
        )
        for each in content.pop("points")
    )
    compared = tuple((a, b, aim) for a, b, aim in content.pop("compared"))
    limits = tuple((a, seconds, mb) for a, seconds, mb in content.pop("limits"))
    result = Result(content.pop("name"), content.pop("title"), points, compared, limits)
    return result, content
