"""How quickly an API is pulled: Koers beside a bare `requests` loop that throws its pages away, dlt
and a Singer tap, all on the same fake HubSpot in a process of its own.

    make bench ONLY=api

The ways take turns; medians are told, from after the imports to the last record, with the most
memory of the process, and ratios to the bare loop of the same run. dlt and the tap get an
environment of their own under `.venv/`, and are left out, with the reason, where they do not
install.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import ROOT, FailedError, Point, Result, Taken, alternate, child, scales
from benchmarks.server import properties
from pipelines.sandbox.hubspot import TOKEN

HERE = Path(__file__).resolve().parent
SIZES = {"small": (200, 2_000, 20_000), "full": (2_000, 20_000, 200_000)}
LOOP, KOERS, DLT, TAP = "requests loop", "Koers", "dlt", "Singer tap"


@contextmanager
def server(contacts: int) -> Iterator[str]:
    """The URL of the fake HubSpot, while the block lasts."""
    command = [sys.executable, "-m", "benchmarks.server", str(contacts)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    if child.stdin is None or child.stdout is None:
        raise AssertionError("both are pipes")
    try:
        yield child.stdout.readline().decode().strip()
    finally:
        child.stdin.close()
        child.wait()


def environment(name: str, *packages: str) -> Path | str:
    """The Python of an environment with other people's packages, or why there is none."""
    folder = ROOT / ".venv" / f"bench-{name}"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        for step in (
            [uv, "venv", "-q", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "-q", "--python", str(python), *packages],
        ):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"does not install: {' '.join(done.stderr.split())[:200]}"
    return python


def ways() -> dict[str, list[str] | str]:
    """By name: the command, or why there is none."""
    found: dict[str, list[str] | str] = {
        LOOP: [sys.executable, str(HERE / "bare_loop.py")],
        KOERS: [sys.executable, "-m", "benchmarks.koers_pull"],
    }
    dlt = environment("dlt", "dlt[duckdb]==1.31.0")
    found[DLT] = dlt if isinstance(dlt, str) else [str(dlt), str(HERE / "dlt_pull.py")]
    tap = environment("tap", "tap-rest-api-msdk==1.4.2", "setuptools<81")
    found[TAP] = tap if isinstance(tap, str) else [str(tap), str(HERE / "tap_pull.py")]
    return found


def once(command: list[str], url: str, contacts: int) -> Taken:
    """One run. Every way says its seconds and how many records it got. Raises FailedError."""
    with tempfile.TemporaryDirectory() as work:
        done = child(
            command,
            {
                "BENCH_URL": url,
                "BENCH_TOKEN": TOKEN,
                "BENCH_PROPERTIES": properties(),
                "BENCH_WORK": work,
            },
        )
    if done.said.get("records") != contacts:
        raise FailedError(f"{contacts} were expected: {done.said}")
    return done


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """Contacts × 1, × 10 and × 100."""
    points = []
    commands = ways()
    for scale, contacts in zip(scales(), SIZES[size], strict=False):
        with server(contacts) as url:
            found, left_out = alternate(
                {
                    name: partial(once, command, url, contacts)
                    for name, command in commands.items()
                    if not isinstance(command, str)
                },
                rounds,
            )
        missing = {name: why for name, why in commands.items() if isinstance(why, str)}
        points.append(Point(scale, f"{contacts:,} contacts", found, {**missing, **left_out}))
    compared = ((KOERS, LOOP, 1.2), (KOERS, DLT, 0.1), (KOERS, TAP, None))
    return [Result("api", "API pull from the fake HubSpot", tuple(points), compared)]
