"""Nights that are killed, one after the other, and compared: does a kill ever change a figure, lose
a message, or stop the next run?

    python -m tests.faults.soak [--minutes 30] [--kills 1000] [--seed 1] [--json FILE]

First every fail point at its first, second and third visit, as far as a night has them, then random
moments. Every fifth night at random builds with dbt, and there half of the kills leave dbt behind;
the others put in place what dbt made of the same landing. Nights of a home that is new and of one
that has a night behind it take turns. Ends after so many minutes or kills, with exit code 1 where
anything differed from an undisturbed night; the same seed does the same again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.nights import Ending, Kill, Nights, nights

PLACES = (
    # Reached within seconds, and again by the run after.
    "night.begun",
    "landing.spooled",
    "landing.batch_written",
    "landing.part_written",
    "landing.before_manifest",
    "landing.before_commit",
    "landing.after_commit",
    "inbox.before_archive",
    "inbox.after_archive",
    "record.before_rename",
    "night.connector_read",
    "pull.page",
    "night.ingested",
    "build.begun",
    "build.result",
    # Behind dbt: the run after has to build again.
    "build.done",
    "publish.building",
    "publish.before_fsync",
    "publish.before_rename",
    "publish.before_replace",
    "publish.after_replace",
    "publish.before_prune",
    "said.writing",
    "said.before_rename",
    "said.after_rename",
    "watch.begun",
    "watch.recorded",
    "watch.queued",
    "watch.before_commit",
    "watch.committed",
    "report.before_rename",
    "report.before_replace",
    "report.before_prune",
    "night.built",
    # The facts are built: the run after begins here.
    "night.recorded",
    "digest.queues",
    "digest.before_commit",
    "night.watched",
    "deliver.claimed",
    "deliver.sent",
    "deliver.marked",
    "night.sent",
)
"""Where a night is killed, in the order in which it comes by them."""

ELSEWHERE = {
    "privacy.before_key": "tests/landing/test_crash.py",
    "token.before_asking": "tests/faults/test_rotating_tokens.py",
    "token.before_rename": "tests/faults/test_rotating_tokens.py",
    "token.before_saving": "tests/faults/test_rotating_tokens.py",
    "token.after_saving": "tests/faults/test_rotating_tokens.py",
    "said.merging": "tests/governance/test_said_parts.py",
    "said.merged": "tests/governance/test_said_parts.py",
    "outcomes.before_commit": "tests/watch/test_outcomes.py",
    "outcomes.committed": "tests/watch/test_outcomes.py",
    "drift_sensor.asks": "tests/orchestration/soak.py",
    "delivery_sensor.asks": "tests/orchestration/soak.py",
    "digest_sensor.asks": "tests/faults/test_failpoints.py",
    "erasing.begun": "tests/privacy/test_forget.py",
    "erasing.before_file": "tests/privacy/test_forget.py",
    "erasing.after_file": "tests/privacy/test_forget.py",
    "erasing.before_warehouse": "tests/privacy/test_forget.py",
    "erasing.before_snapshots": "tests/privacy/test_forget.py",
    "erasing.step_done": "tests/privacy/test_forget.py",
    "erasing.step_noted": "tests/privacy/test_forget.py",
    "erasing.before_end": "tests/privacy/test_forget.py",
    "rewriting.before_part": "tests/privacy/test_rotation.py",
    "rewriting.after_part": "tests/privacy/test_rotation.py",
    "rewriting.before_manifest": "tests/privacy/test_rotation.py",
    "rotation.begun": "tests/privacy/test_rotation.py",
    "rotation.after_load": "tests/privacy/test_rotation.py",
    "rotation.after_list": "tests/privacy/test_rotation.py",
    "rotation.before_key": "tests/privacy/test_rotation.py",
    "retention.after_rejected": "tests/privacy/test_retention.py",
    "backup.room": "tests/operations/test_backup.py",
    "backup.copied": "tests/operations/test_backup.py",
    "backup.before_rename": "tests/operations/test_backup.py",
    "backup.after_rename": "tests/operations/test_backup.py",
    "restore.marked": "tests/operations/test_backup.py",
    "restore.file": "tests/operations/test_backup.py",
    "restore.before_unmark": "tests/operations/test_backup.py",
}
"""What no night of the smallest company reaches, and the test that kills there."""

TIMES = 3
DBT_EVERY = 5
"""Of the nights at random, every how manieth builds with dbt; the others take what dbt made before
of the same landing (`tests.faults.stand_in`), which costs seconds."""

LATEST_SECONDS = 12.0
"""About as many as a night takes that does not build with dbt."""

LATEST_RESULT = 400
"""Of dbt's results, about as many as there are."""


@dataclass(frozen=True)
class Plan:
    """A night: its kills, in order, and whether dbt builds."""

    kills: tuple[Kill, ...]
    dbt: bool = False


def plans(chance: random.Random) -> Iterator[Plan]:
    """For ever: first every place at its first, second and third visit, each twice (nights take
    turns), then at random. Places come in the order in which a night comes by them: a kill leaves
    the places behind it to the run after, but hardly those before it."""
    for nth in range(1, TIMES + 1):
        yield from [Plan(tuple(Kill(place, nth) for place in PLACES))] * 2
    number = 0
    while True:
        number += 1
        if number % DBT_EVERY == 0:
            yield Plan(tuple(_in_dbt(chance) for _ in range(6)), dbt=True)
        elif number % DBT_EVERY == 1:
            yield Plan(tuple(Kill(place) for place in PLACES if chance.random() < 0.8))
        else:
            yield Plan(tuple(Kill(after=_seconds(chance)) for _ in range(20)))


def _seconds(chance: random.Random) -> float:
    """Early as often as late, though what comes early takes less time."""
    return chance.uniform(0.05, chance.choice((3.0, LATEST_SECONDS)))


def _in_dbt(chance: random.Random) -> Kill:
    """Half of them leave dbt behind, which goes on without the run."""
    alone = chance.random() < 0.5
    if chance.random() < 0.5:
        return Kill("build.result", chance.randint(1, LATEST_RESULT), alone=alone)
    return Kill(after=chance.uniform(3.0, 60.0), alone=alone)


class Tally:
    """What the nights came to."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.kills, self.missed = Counter[str](), Counter[str]()
        self.wrong: list[str] = []
        self.nights = self.looks = self.publications = 0

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60

    def add(self, ending: Ending) -> None:
        self.nights += 1
        self.looks += ending.reader.get("looks", 0)
        self.publications += ending.reader.get("publications", 0)
        self.wrong += ending.wrong
        self.kills.update(_name(kill) for kill in ending.hit)
        self.missed.update(_name(kill) for kill in ending.missed)

    def told(self) -> dict[str, Any]:
        return {
            "minutes": round(self.minutes, 1),
            "nights": self.nights,
            "kills": self.kills.total(),
            "by_place": dict(sorted(self.kills.items())),
            "never_reached": sorted(set(self.missed) - set(self.kills)),
            "looks_of_a_reader": self.looks,
            "differences": self.wrong,
        }


def _name(kill: Kill) -> str:
    if not kill.point:
        return "at random"
    return kill.point if kill.point == "build.result" else f"{kill.point}:{kill.nth}"


def run(at: Nights, tally: Tally, *, minutes: float, kills: int, seed: int) -> None:
    """Disturbed nights, until the time or the kills are over."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not secret
    for number, plan in enumerate(plans(chance)):
        night = 1 + number % 2
        visits = at.visits(night)
        # A night that comes by a place once is not killed at its second visit.
        kills_left = [
            each for each in plan.kills if not each.point or each.nth <= visits[each.point]
        ]
        while kills_left:
            if tally.minutes >= minutes or tally.kills.total() >= kills:
                return
            ending = at.disturbed(kills_left[: kills - tally.kills.total()], at=night, dbt=plan.dbt)
            kills_left = ending.left
            tally.add(ending)
            verdict = "; ".join(ending.wrong) or "as undisturbed"
            at.tell(
                f"night {tally.nights}: {len(ending.hit)} kills in {ending.seconds:.0f} s: "
                f"{verdict} ({tally.kills.total()} kills, {tally.minutes:.0f} minutes)"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="Write what it came to into this file.")
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("KOERS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="koers-nights-") as folder, nights(Path(folder)) as at:
        tally = Tally()
        run(at, tally, minutes=given.minutes, kills=given.kills, seed=given.seed)
    told = tally.told()
    print(json.dumps(told, indent=1))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if tally.wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
