"""Hundreds of nights of everything that Koers keeps: what grows, and by how much a night.

    python -m benchmarks.nights [--nights 400] [--every 50]

One process with a clock of its own lives through the nights. Each is real but for the size of its
warehouse, which is written by hand instead of built by dbt: a new export file is landed, three
months of facts are published for an audience, what changed is recorded, the publication is judged,
messages are sent to a channel that takes them, a run is written in Dagster's SQLite, the figures
for monitoring and a backup (35 are kept) are made, and runs are removed from Dagster that are older
than `keep_runs_days`. What dbt itself keeps (warehouse, target, logs) follows the data and is not
looked at here; nor are the ticks of the daemon, which Dagster removes after the days that
dagster.yaml says.

Told are the bytes of each folder, the memory, the seconds of a night and their ratio to a fixed
piece of work, every so many nights; then how much each folder grows a night over the second half,
when what is kept for a number of days has come to its level.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path

import dagster as dg

from connectors.core.export import ingest_inbox
from pipelines import dagster_home
from pipelines.nights import write_down
from pipelines.operations.backup.making import make_backup
from pipelines.operations.checks.machine import bytes_of
from pipelines.operations.metrics import write_metrics
from pipelines.operations.run_times import timed
from pipelines.publication import publish
from pipelines.recovery.pruning import prune_runs
from pipelines.said.recording import record_all
from pipelines.settings import Channel, Home, Settings
from pipelines.watch.delivery import deliver
from pipelines.watch.ledger import published_events
from pipelines.watch.watching import watch
from tests.landing.making import TOOL, csv, deal, put
from tests.publication.tiny import fact, month, warehouse

FIRST = dt.datetime(2025, 1, 1, 2, 15, tzinfo=dt.UTC)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
FOLDERS = ("landing", "inbox", "published", "state", "dagster", "backups")
KEEP_BACKUPS = 35
KEEP_RUNS = Settings().keep_runs_days


def night(
    home: Home, backups: Path, number: int, chance: random.Random, instance: dg.DagsterInstance
) -> None:
    """One night at its own time: 50 new rows, a fifth of which correct older ones."""
    now = FIRST + dt.timedelta(days=number)
    rows = [deal(chance.randrange(max(50 * number, 1)) if n % 5 == 0 else 50 * number + n)
            for n in range(50)]  # fmt: skip
    put(home.root, TOOL, f"deals-{number:04}.csv", csv(rows))
    ingest_inbox(TOOL, home.inbox, home.landing, now=now, settle_seconds=0)
    start = month(number // 30 % 12 + 1, 2025 + number // 360)
    facts = [
        fact(kpi, unit, start, value, "off_course" if value < 90 else "on_course")
        for kpi in ("revenue", "win_rate")
        for unit in ("sales", "north", "south")
        for value in [chance.choice([80.0, 98.0, 99.0, 101.0])]
    ]
    made = publish(
        warehouse(home.warehouse, facts), home, run_id=f"night-{number}", keep=7,
        alert_events=published_events(home.ledger), clock=lambda: now,
    )  # fmt: skip
    record_all(home)
    watch(made, home.ledger, [HOOK], clock=lambda: now)
    deliver(home.ledger, [HOOK], lambda: now, send=lambda *_: None, environment={"KOERS_HOOK": "x"})
    nightly.execute_in_process(instance=instance)
    with timed(home) as times:
        times.seconds["transform"] = 1.0
    write_down(home, [], clock=lambda: now)
    write_metrics(home, Settings())
    # By the clock of the files: one that was left alone since the backup before is linked to it.
    make_backup(home, backups, parts=(), keep=KEEP_BACKUPS)


@dg.op
def step() -> None:
    """Says as much as a short job does."""
    for line in range(20):
        dg.get_dagster_logger().info(f"what a job says, line {line}")


@dg.job(executor_def=dg.in_process_executor)
def nightly() -> None:
    step()


def sizes(home: Home, backups: Path) -> dict[str, int]:
    """Bytes by folder, files with several names counted once."""
    found = {name: bytes_of(home.root / name) for name in FOLDERS if name != "backups"}
    return {**found, "backups": bytes_of(backups)}


def resident() -> int:
    """Bytes of memory that this process has now."""
    text = Path("/proc/self/statm").read_text()
    return int(text.split()[1]) * resource.getpagesize()


def baseline() -> float:
    """Processor seconds of a fixed piece of work, to tell a slow machine from a slow night."""
    used = time.process_time()
    for _ in range(20):
        json.loads(json.dumps([[number, str(number)] for number in range(2_000)]))
    return time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--json", type=Path, help="Write what was measured to this file too.")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    os.environ.setdefault("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-nights-0000")
    with tempfile.TemporaryDirectory(prefix="koers-nights-") as folder:
        home, backups = Home(Path(folder) / "home"), Path(folder) / "backups"
        os.environ["KOERS_HOME"] = str(home.root)
        dagster_home.prepare(home)
        os.environ.update(dagster_home.environment(home, Settings()))
        chance, seen, took = random.Random(1), [], []  # noqa: S311 - to be repeated, not secret
        head = "".join(f"{name:>12}" for name in (*FOLDERS, "memory"))
        print(f"{'night':>6}{head}{'s/night':>9}{'cpu':>7}{'ratio':>7}", flush=True)
        with dg.DagsterInstance.get() as instance:
            begins: list[dt.datetime] = []  # by the clock of Dagster, which is the machine's
            for number in range(1, given.nights + 1):
                began, used = time.monotonic(), time.process_time()
                begins.append(dt.datetime.now(dt.UTC))
                night(home, backups, number, chance, instance)
                if number > KEEP_RUNS:
                    prune_runs(instance, home.dagster, begins[-KEEP_RUNS])
                cpu = time.process_time() - used
                took.append((time.monotonic() - began, cpu, cpu / baseline()))
                if number % given.every == 0:
                    last = took[-given.every :]
                    at = {**sizes(home, backups), "memory": resident()}
                    wall, cpu, ratio = map(statistics.median, zip(*last, strict=True))
                    seen.append(
                        {"night": number, **at, "seconds": wall, "cpu": cpu, "ratio": ratio}
                    )
                    row = "".join(f"{at[name] / 1e6:>11.2f}M" for name in (*FOLDERS, "memory"))
                    print(f"{number:>6}{row}{wall:>9.2f}{cpu:>7.2f}{ratio:>7.1f}", flush=True)
                    if given.json:
                        given.json.write_text(json.dumps(seen, indent=1))
        tell(seen)


def tell(seen: list[dict[str, float]]) -> None:
    """How much each grows a night over the second half."""
    if len(seen) < 2:
        return
    half = seen[len(seen) // 2 - 1 :] if len(seen) > 2 else seen
    nights = half[-1]["night"] - half[0]["night"]
    print("\nGrowth a night over the second half:")
    for name in (*FOLDERS, "memory"):
        print(f"  {name:<12}{(half[-1][name] - half[0][name]) / nights / 1e3:>9.1f} kB")
    print(f"  cpu of a night: {half[0]['cpu']:.2f} s then, {half[-1]['cpu']:.2f} s at the end;")
    print(
        f"  beside a fixed piece of work: {half[0]['ratio']:.1f} x then, {half[-1]['ratio']:.1f} x"
    )


if __name__ == "__main__":
    main()
