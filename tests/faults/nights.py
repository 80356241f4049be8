"""Nights of the smallest company that passes every room, disturbed and undisturbed.

A *disturbed night* is `koers run`, killed and begun again, several times in a row, and then left
alone; what the home holds in the end is compared once with what an undisturbed night made. All the
time a BI tool reads what is published. A night that is killed before dbt costs a second, one that
is killed behind it as much as a whole one, so kills in the front are many and those behind few.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.sandbox import serve
from pipelines.sandbox.vendors import vendors
from pipelines.settings import PROJECT_DIR, Home
from tests.faults import company
from tests.faults.state import State, differences, leftovers, state_of
from tests.watch.receiver import Webhook, receiving
from tests.zygote import forked

KILLED = -9
FOREIGN = ("KOERS_", "DAGSTER_", "DBT_")


@dataclass(frozen=True)
class Kill:
    """Where a night is killed: at the nth visit of a fail point, or after so many seconds. alone:
    its process only, not what it started (dbt)."""

    point: str = ""
    nth: int = 1
    after: float = 0.0
    alone: bool = False

    def __str__(self) -> str:
        where = f"{self.point}:{self.nth}" if self.point else f"after {self.after:.2f} s"
        return where + (" (alone)" if self.alone else "")

    @property
    def environment(self) -> dict[str, str]:
        if self.point:
            group = {} if self.alone else {"KOERS_FAILPOINT_GROUP": "1"}
            return {"KOERS_FAILPOINT": f"{self.point}:{self.nth}", **group}
        alone = {"KOERS_DIE_ALONE": "1"} if self.alone else {}
        return {"KOERS_DIE_AFTER": f"{self.after:.3f}", **alone}


@dataclass
class Ending:
    """How a disturbed night ended. hit: the kills that took place; missed: those whose place was
    not reached; wrong: what is not as after an undisturbed night; seconds: of it all."""

    hit: list[Kill] = field(default_factory=list)
    missed: list[Kill] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    reader: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Nights:
    """One home at one path (dbt believes what it parsed only there), put back before each night."""

    def __init__(self, folder: Path, hook: Webhook) -> None:
        self.home, self.hook, self._folder = Home(folder / "home"), hook, folder
        self.is_quiet = False
        self._vendor = vendors()["typeform"]
        self._bases = {1: folder / "before-1", 2: folder / "before-2"}
        self._expected: dict[int, tuple[State, Counter[str]]] = {}
        company.prepare(Home(self._bases[1]))

    def night(self, *, at: int, kill: Kill | None = None, **environment: str) -> int:
        """`koers run` in the home; its exit code, negative where a signal ended it. What it said
        is in `said`."""
        own = kill.environment if kill else {}
        with serve(self._vendor.account(company.tables(at))) as box:
            done = forked(
                "tests.faults.night_child",
                without=tuple(name for name in os.environ if name.startswith(FOREIGN)),
                **{**self.environment(box.url), **own, **environment},
            )
        self.said = (done.stdout + done.stderr).decode(errors="replace")
        return done.returncode

    def environment(self, vendor_url: str) -> dict[str, str]:
        """The variables of a night, beside those of everybody."""
        return {
            **self._vendor.environment(vendor_url),
            **self._vendor.quick,
            "KOERS_TYPEFORM_PAGE_SIZE": company.PAGE_SIZE,
            "KOERS_HOME": str(self.home.root),
            "KOERS_PSEUDONYM_KEY": "made-up-key-of-the-tests-" + "0" * 16,
            "KOERS_HOOK": self.hook.url,
            "NO_COLOR": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }

    def put_back(self, at: int) -> None:
        """The home as it is before a night, with the news of that night in the inbox."""
        shutil.rmtree(self.home.root, ignore_errors=True)
        if at == 2 and not self._bases[2].exists():
            self.undisturbed(1)
            _weeks_pass(self.home)
            shutil.copytree(self.home.root, self._bases[2], symlinks=True)
        shutil.copytree(self._bases[at], self.home.root, symlinks=True, dirs_exist_ok=True)
        company.bring(self.home, at)
        self.hook.got.clear()

    def undisturbed(self, at: int) -> tuple[State, Counter[str]]:
        """What a night makes where nothing happens, and how often each message came. Made once."""
        if at not in self._expected:
            self.put_back(at)
            code = self.night(at=at)
            if code:
                raise AssertionError(f"an undisturbed night ended with {code}:\n{self.said}")
            self._expected[at] = state_of(self.home), self.messages()
            if left := leftovers(self.home):
                raise AssertionError(f"an undisturbed night left {left}")
        return self._expected[at]

    def disturbed(self, kills: Sequence[Kill], at: int) -> Ending:
        """A night with these kills, one after the other; then it is left alone, and compared."""
        expected, messages = self.undisturbed(at)
        self.put_back(at)
        began, ending = time.monotonic(), Ending()
        with self.reading() as reader:
            for kill in kills:
                code = self.night(at=at, kill=kill)
                if code == KILLED:
                    ending.hit.append(kill)
                    self.tell(f"  killed at {kill}")
                elif code == 0:
                    ending.missed.append(kill)
                    self.tell(f"  not reached: {kill}")
                else:
                    ending.wrong.append(f"killed at {kill}: exit code {code}\n{self.said[-2000:]}")
                _hours_pass(self.home)
            if code := self.night(at=at):
                ending.wrong.append(f"the last run: exit code {code}\n{self.said[-2000:]}")
        ending.reader = dict(reader)
        ending.seconds = time.monotonic() - began
        if not ending.wrong:
            ending.wrong += self.wrong(expected, messages, ending)
        return ending

    def wrong(self, expected: State, messages: Counter[str], ending: Ending) -> list[str]:
        """What is not as after an undisturbed night."""
        found = differences(state_of(self.home), expected) + leftovers(self.home)
        reader = ending.reader
        if reader["errors"] or reader["torn"]:
            found.append(f"the reader: {reader}")
        got = self.messages()
        if got.keys() != messages.keys():
            found.append(f"messages that came: {got}, not {messages}")
        # Killed between sent and marked, a message comes once more, under the same key.
        again = got.total() - messages.total()
        may = sum(not kill.point or kill.point == "deliver.sent" for kill in ending.hit)
        if again > may:
            found.append(f"{again} messages came again after {may} kills: {got}")
        return found

    def messages(self) -> Counter[str]:
        """How often each message came, by its dedup key."""
        return Counter(str(body["dedup_key"]) for body in self.hook.got)

    @contextlib.contextmanager
    def reading(self) -> Iterator[dict[str, int]]:
        """A BI tool that reads all along; in the end what it saw."""
        stop, seen = self._folder / "stop", dict[str, int]()
        stop.unlink(missing_ok=True)
        reader = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.bi_reader"),
                *(str(self.home.publication().parent), str(stop)),
            ],
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield seen
        finally:
            stop.touch()
            said, _ = reader.communicate(timeout=120)
        seen.update(json.loads(said))

    def tell(self, line: str) -> None:
        if not self.is_quiet:
            print(line, flush=True)


@contextlib.contextmanager
def nights(folder: Path) -> Iterator[Nights]:
    """Nights in a folder, until the block ends."""
    with receiving() as hook:
        yield Nights(folder.resolve(), hook)


def _hours_pass(home: Home) -> None:
    """As if the next run came hours later: a message that was claimed is due again."""
    if home.ledger.exists():
        with contextlib.closing(sqlite3.connect(home.ledger)) as ledger, ledger:
            ledger.execute("update outbox set next_attempt_at = created_at where sent_at is null")


def _weeks_pass(home: Home) -> None:
    """As if the first night were weeks ago, so that the second makes a digest."""
    with contextlib.closing(sqlite3.connect(home.ledger)) as ledger, ledger:
        ledger.execute("update evaluations set evaluated_at = '2026-01-01T02:15:00.000000+00:00'")
