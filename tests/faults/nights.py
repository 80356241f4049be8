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
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.lock import Holder, holder
from pipelines.sandbox import serve
from pipelines.sandbox.faults import Fault
from pipelines.sandbox.vendors import vendors
from pipelines.settings import PROJECT_DIR, Home
from tests.faults import company
from tests.faults.state import State, differences, leftovers, state_of
from tests.watch.receiver import Webhook, receiving
from tests.zygote import forked

KILLED = -9
PATIENCE_SECONDS = 300.0
WARM = (
    "state/dbt/manifest.json",
    "state/dbt/project.sha256",
    "state/dbt/target/partial_parse.msgpack",
    "report/.made/*.html",
    "report/.made/*.js",
)
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
    """How a disturbed night ended. hit: the kills that took place; missed: that whose place was not
    reached, so that the night came to its end; left: those that were to follow it; wrong: what is
    not as after an undisturbed night; seconds: of it all."""

    hit: list[Kill] = field(default_factory=list)
    missed: list[Kill] = field(default_factory=list)
    left: list[Kill] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    reader: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Running:
    """A night that goes on. code: what it will end with."""

    code: Future[int]
    home: Home
    holder: Holder = field(default_factory=lambda: Holder(0, "", ""))

    def signal(self, number: int) -> float:
        """Send it a signal, as a person or a supervisor does; after how many seconds it ended."""
        began = time.monotonic()
        os.kill(self.holder.pid, number)
        self.code.result(PATIENCE_SECONDS)
        return time.monotonic() - began


class Nights:
    """One home at one path (dbt believes what it parsed only there), put back before each night."""

    def __init__(self, folder: Path, hook: Webhook) -> None:
        self.home, self.hook, self._folder = Home(folder / "home"), hook, folder
        self.is_quiet, self.said, self.calls = False, "", list[str]()
        self._vendor = vendors()["typeform"]
        self._bases = {1: folder / "before-1", 2: folder / "before-2"}
        self._expected: dict[int, tuple[State, Counter[str]]] = {}
        self._built = {at: folder / f"built-{at}.duckdb" for at in self._bases}
        company.prepare(Home(self._bases[1]))

    def night(
        self,
        *,
        at: int,
        kill: Kill | None = None,
        dbt: bool = True,
        faults: Sequence[Fault] = (),
        **environment: str,
    ) -> int:
        """`koers run` in the home; its exit code, negative where a signal ended it. What it said
        is in `said`. dbt: else the warehouse of the undisturbed night stands in for it. faults: of
        the vendor."""
        own = kill.environment if kill else {}
        if not dbt:
            own |= {"KOERS_BUILT": str(self._built[at])}
        with serve(self._vendor.account(company.tables(at))) as box:
            self.calls = box.calls
            for fault in faults:
                box.faults.add(fault)
            done = forked(
                "tests.faults.night_child",
                without=tuple(name for name in os.environ if name.startswith(FOREIGN)),
                **{**self.environment(box.url), **own, **environment},
            )
        self.said = (done.stdout + done.stderr).decode(errors="replace")
        return done.returncode

    @contextlib.contextmanager
    def going_on(
        self, until: Callable[[], bool] = lambda: True, **options: Any
    ) -> Iterator[Running]:
        """A night that goes on beside the block, once it holds its lock and `until` is true. What
        still goes on in the end is killed."""
        with ThreadPoolExecutor(1) as pool:
            running = Running(pool.submit(self.night, **options), self.home)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while (there := holder(self.home.run_lock)) is None or not until():
                if running.code.done() or time.monotonic() > deadline:
                    raise AssertionError(f"the night never came so far:\n{self.said}")
                time.sleep(0.05)
            running.holder = there
            try:
                yield running
            finally:
                if not running.code.done():
                    os.killpg(there.pid, signal.SIGKILL)

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
        if at == 2:
            self.undisturbed(1)  # which leaves what the second begins with
        shutil.rmtree(self.home.root, ignore_errors=True)
        shutil.copytree(self._bases[at], self.home.root, symlinks=True, dirs_exist_ok=True)
        company.bring(self.home, at)
        self._warm_up()
        self.hook.got.clear()

    def _warm_up(self) -> None:
        """What follows from the code alone, and takes long, is made once."""
        for name in WARM:
            for made in self._folder.glob(f"warm/{name}"):
                there = self.home.root / made.relative_to(self._folder / "warm")
                if not there.exists():
                    there.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(made, there)

    def _keep(self, at: int) -> None:
        shutil.copyfile(self.home.warehouse, self._built[at])
        for name in WARM:
            for made in self.home.root.glob(name):
                kept = self._folder / "warm" / made.relative_to(self.home.root)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(made, kept)

    def undisturbed(self, at: int) -> tuple[State, Counter[str]]:
        """What a night makes where nothing happens, and how often each message came. Made once."""
        if at not in self._expected:
            self.put_back(at)
            counts = {"KOERS_FAILPOINT": "counts.only", "KOERS_VISITS": str(self._visits(at))}
            code = self.night(at=at, **counts)
            if code:
                raise AssertionError(f"an undisturbed night ended with {code}:\n{self.said}")
            self._expected[at] = state_of(self.home), self.messages()
            if left := leftovers(self.home):
                raise AssertionError(f"an undisturbed night left {left}")
            self._keep(at)
            if at == 1:
                shutil.copytree(self.home.root, self._bases[2], symlinks=True)
                _weeks_pass(Home(self._bases[2]))
        return self._expected[at]

    def visits(self, at: int) -> Counter[str]:
        """How often an undisturbed night comes by each fail point."""
        self.undisturbed(at)
        return Counter(json.loads(self._visits(at).read_text(encoding="utf-8")))

    def _visits(self, at: int) -> Path:
        return self._folder / f"visits-{at}.json"

    def disturbed(
        self,
        kills: Sequence[Kill],
        at: int,
        *,
        dbt: bool = True,
        before_last: Callable[[], None] = lambda: None,
    ) -> Ending:
        """A night with these kills, one after the other; then it is left alone, and compared.
        before_last: done before it is left alone."""
        expected, messages = self.undisturbed(at)
        self.put_back(at)
        began, ending = time.monotonic(), Ending()
        with self.reading() as reader:
            for number, kill in enumerate(kills, 1):
                code = self.night(at=at, kill=kill, dbt=dbt)
                if code == KILLED:
                    ending.hit.append(kill)
                    self.tell(f"  killed at {kill}")
                elif code == 0:
                    ending.missed.append(kill)
                    ending.left = list(kills[number:])
                    self.tell(f"  not reached: {kill}")
                    break
                else:
                    ending.wrong.append(f"killed at {kill}: exit code {code}\n{self.said[-2000:]}")
                hours_pass(self.home)
            before_last()
            if code := self.night(at=at, dbt=dbt):
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


def hours_pass(home: Home) -> None:
    """As if the next run came hours later: a message that was claimed is due again."""
    if home.ledger.exists():
        with contextlib.closing(sqlite3.connect(home.ledger)) as ledger, ledger:
            ledger.execute("update outbox set next_attempt_at = created_at where sent_at is null")


def _weeks_pass(home: Home) -> None:
    """As if the first night were weeks ago, so that the second makes a digest."""
    with contextlib.closing(sqlite3.connect(home.ledger)) as ledger, ledger:
        ledger.execute("update evaluations set evaluated_at = '2026-01-01T02:15:00.000000+00:00'")
