"""How quickly an API is pulled: Koers beside a bare `requests` loop that throws its pages away, dlt
and a Singer tap, all on the same fake HubSpot in a process of its own.

    make bench

The ways take turns; medians are told, from after the imports to the last record, with the most
memory of the process, and ratios to the bare loop of the same run. dlt and the tap get an
environment of their own under `.venv/`, and are left out, with the reason, where they do not
install.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import properties
from pipelines.sandbox.hubspot import TOKEN

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TIME = "/usr/bin/time"


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
        "requests loop": [sys.executable, str(HERE / "bare_loop.py")],
        "Koers": [sys.executable, "-m", "benchmarks.koers_pull"],
    }
    dlt = environment("dlt", "dlt[duckdb]==1.31.0")
    found["dlt"] = dlt if isinstance(dlt, str) else [str(dlt), str(HERE / "dlt_pull.py")]
    tap = environment("tap", "tap-rest-api-msdk==1.4.2", "setuptools<81")
    found["Singer tap"] = tap if isinstance(tap, str) else [str(tap), str(HERE / "tap_pull.py")]
    return found


def once(command: list[str], url: str, contacts: int) -> tuple[float, float] | str:
    """Seconds and MB of one run, or what went wrong. Every way says how many records it got."""
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run(
            [TIME, "-f", "%M", *command],
            env={
                **os.environ,
                "BENCH_URL": url,
                "BENCH_TOKEN": TOKEN,
                "BENCH_PROPERTIES": properties(),
                "BENCH_WORK": work,
            },
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
    lines = done.stdout.split()
    if done.returncode or not lines or int(lines[-1]) != contacts:
        return f"failed: {' '.join((done.stdout + done.stderr).split())[-300:]}"
    return float(lines[-2]), int(done.stderr.split()[-1]) / 1024


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*")
    chosen = parser.parse_args()
    commands = {n: c for n, c in ways().items() if not chosen.only or n in chosen.only}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with server(chosen.contacts) as url:
        for number in range(chosen.rounds):
            for name, command in list(commands.items()):
                if isinstance(command, str):
                    continue
                print(f"round {number + 1} of {chosen.rounds}: {name}", file=sys.stderr)
                found = once(command, url, chosen.contacts)
                if isinstance(found, str):
                    commands[name] = found
                else:
                    taken[name].append(found)
    base = statistics.median(seconds for seconds, _ in taken["requests loop"])
    print(f"{chosen.contacts:,} contacts, median of {chosen.rounds}")
    print(f"{'':16}{'seconds':>9}{'records/s':>12}{'x loop':>8}{'peak MB':>9}")
    for name, command in commands.items():
        if isinstance(command, str):
            print(f"{name:16}{command}")
            continue
        seconds = statistics.median(each for each, _ in taken[name])
        peak = max(each for _, each in taken[name])
        rate = chosen.contacts / seconds
        print(f"{name:16}{seconds:9.1f}{rate:12,.0f}{seconds / base:8.2f}{peak:9.0f}")


if __name__ == "__main__":
    main()
