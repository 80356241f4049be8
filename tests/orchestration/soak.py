"""Kills, many of them, on the way from publication to message; then what is there is counted.

    python -m tests.orchestration.soak [--kills 100] [--seed 1]
    python -m tests.orchestration.soak --daemon

Without `--daemon` a child process judges and sends, and is killed at a fail point or after a random
time, and begun again. With it the real dagster-daemon is killed at each fail point, together with
all that it started (about 35 s each where nothing else runs), and begun again; and its receiver is
down for a while, and two of it run at once. Ends with exit code 1 where a message was lost,
or came more often than once more for each kill.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipelines.dbt import prepare_manifest
from pipelines.settings import Home, Settings
from pipelines.watch.ledger import open_ledger, published_events
from tests.orchestration.daemon import daemon, drift, hours_pass, prepare, unsent
from tests.watch.receiver import Webhook, receiving
from tests.zygote import forked

PLACES = (
    "watch.begun",
    "watch.recorded",
    "watch.queued",
    "watch.before_commit",
    "watch.committed",
    "deliver.claimed",
    "deliver.sent",
    "deliver.marked",
)
SENSORS = ("drift_sensor.asks", "delivery_sensor.asks")
LONGEST_LIFE_SECONDS = 0.25


class LostError(AssertionError):
    """A message was lost, or came too often."""


def check(home: Home, hook: Webhook, news: int, kills: int) -> int:
    """How many came twice, of so many pieces of news after so many kills. Raises LostError."""
    events, counts = len(published_events(home.ledger)), Counter(hook.keys)
    twice = len(hook.keys) - len(counts)
    if (events, len(counts), unsent(home)) != (news, news, 0) or twice > kills:
        raise LostError(
            f"{news} pieces of news, {kills} kills: {events} events, {len(counts)} messages, "
            f"{twice} again, {unsent(home)} waiting"
        )
    return twice


def in_children(home: Home, hook: Webhook, kills: int, chance: random.Random) -> None:
    """Breadth: kills at fail points and at random moments, of a process that does what the runs
    of both sensors do."""
    killed, rounds, where = 0, 0, Counter[str]()
    while killed < kills:
        rounds += 1
        drift(home, rounds)
        for _ in range(chance.randint(1, 4)):
            at_random = chance.random() < 0.5
            place = "at random" if at_random else chance.choice(PLACES)
            how = (
                {"KOERS_DIE_AFTER": str(chance.uniform(0.001, LONGEST_LIFE_SECONDS))}
                if at_random
                else {"KOERS_FAILPOINT": place}
            )
            done = forked("tests.watch.child", "both", str(home.root), KOERS_HOOK=hook.url, **how)
            if done.returncode < 0:
                killed += 1
                where[place] += 1
            elif done.returncode:
                raise LostError(done.stderr.decode())
            with open_ledger(home.ledger) as ledger:
                ledger.execute("update outbox set next_attempt_at = created_at")
        done = forked("tests.watch.child", "both", str(home.root), KOERS_HOOK=hook.url)
        if done.returncode:
            raise LostError(done.stderr.decode())
    twice = check(home, hook, rounds, where["deliver.sent"] + where["at random"])
    print(f"{killed} kills over {rounds} publications survived; {twice} messages came twice")
    print("  " + ", ".join(f"{place} {n}" for place, n in sorted(where.items())))


def under_the_daemon(home: Home, hook: Webhook) -> None:
    """Depth: the real daemon, killed with its process group."""
    prepare_manifest(home, Settings())
    news = kills = 0

    def until_told(*places: str) -> None:
        nonlocal news, kills
        news += 1
        drift(home, news)
        for place in places:
            with daemon(home, hook.url, place) as running:
                running.wait_for_death()
            kills += 1
            hours_pass(home)
        with daemon(home, hook.url) as running:
            running.wait_until(lambda: len(set(hook.keys)) == news and not unsent(home))
        hours_pass(home)
        check(home, hook, news, kills)

    tell("told without a kill", until_told)

    def with_a_receiver_that_is_down() -> None:
        nonlocal news
        hook.is_down = True
        news += 1
        drift(home, news)
        with daemon(home, hook.url) as running:
            running.wait_until(lambda: hook.refused > 0)
        hook.is_down = False
        hours_pass(home)
        with daemon(home, hook.url) as running:
            running.wait_until(lambda: not unsent(home))
        hours_pass(home)
        check(home, hook, news, kills)

    def two_at_once() -> None:
        nonlocal news
        news += 1
        drift(home, news)
        with daemon(home, hook.url) as one, daemon(home, hook.url):
            one.wait_until(lambda: len(set(hook.keys)) == news and not unsent(home))
        hours_pass(home)
        check(home, hook, news, kills)

    tell("a receiver that is down for a while", with_a_receiver_that_is_down)
    tell("two daemons at once", two_at_once)
    for place in (*SENSORS[:1], *PLACES[:5]):
        tell(f"killed at {place}", lambda place=place: until_told(place))
    for place in (*SENSORS[1:], *PLACES[5:]):
        # Judged, but not told, so that the next daemon begins by sending.
        tell(f"killed at {place}", lambda place=place: until_told("watch.committed", place))
    print(f"{kills} kills of the daemon survived; {len(hook.keys) - news} messages came twice")


def tell(what: str, do: Callable[[], None]) -> None:
    began = time.monotonic()
    do()
    print(f"{what:<40}{time.monotonic() - began:>6.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--daemon", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="koers-soak-") as folder, receiving() as hook:
        home = Home(Path(folder).resolve() / "home")
        os.environ["KOERS_HOME"] = str(home.root)
        prepare(home)
        try:
            if given.daemon:
                under_the_daemon(home, hook)
            else:
                in_children(home, hook, given.kills, random.Random(given.seed))  # noqa: S311 - to be repeated, not secret
        except LostError as lost:
            sys.exit(f"LOST: {lost}")


if __name__ == "__main__":
    main()
