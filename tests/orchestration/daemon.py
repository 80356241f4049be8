"""The real dagster-daemon on a home of a test: started, killed, and what happens in between."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import SensorInstigatorData

from pipelines import dagster_home
from pipelines.publication import Publication, publish
from pipelines.settings import PROJECT_DIR, Home, Settings
from pipelines.watch.ledger import open_ledger, published_events
from tests.publication.tiny import fact, month, warehouse

SETTINGS = "alerts: {channels: [{name: hook, url_env: KOERS_HOOK}]}\n"
PATIENCE_SECONDS = 300.0
WORKSPACE = PROJECT_DIR / "workspace.yaml"


class DaemonEndedError(RuntimeError):
    """The daemon ended by itself; the text is what it said last."""


def prepare(home: Home) -> None:
    """Settings with one channel, and a DAGSTER_HOME."""
    home.root.mkdir(parents=True, exist_ok=True)
    home.settings_file.write_text(SETTINGS)
    dagster_home.prepare(home)


def drift(home: Home, number: int = 1) -> Publication:
    """Publish facts of month `number`, counted from January 2020, in which revenue of the north is
    off course where that is odd, and well on course where it is even: each is news."""
    start = month((number - 1) % 12 + 1, 2020 + (number - 1) // 12)
    value, status = (80.0, "off_course") if number % 2 else (98.0, "on_course")
    return publish(
        warehouse(home.warehouse, [fact("revenue", "north", start, value, status)]),
        home,
        run_id=f"drift-{number}",
        keep=2,
        alert_events=published_events(home.ledger),
    )


class Daemon:
    """A dagster-daemon with all that it starts, in a process group of its own."""

    def __init__(
        self, home: Home, hook: str, failpoint: str | None = None, workspace: Path = WORKSPACE
    ) -> None:
        self._said = home.root / "daemon.log"
        # No night falls during a test.
        noon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=12)
        settings = Settings(nightly_at=f"{noon:%H:%M}", time_zone="UTC")
        environment = dagster_home.environment(home, settings) | {"KOERS_HOOK": hook}
        if failpoint:
            environment |= {"KOERS_FAILPOINT": failpoint, "KOERS_FAILPOINT_GROUP": "1"}
        command = [
            str(Path(sys.executable).with_name("dagster-daemon")),
            "run",
            "-w",
            str(workspace),
        ]
        with self._said.open("a") as said:
            self._process = subprocess.Popen(
                command, env=environment, stdout=said, stderr=said, start_new_session=True
            )

    def wait_until(self, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Raises DaemonEndedError or TimeoutError, with what it said last."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self._process.poll() is not None and not holds():
                raise DaemonEndedError(self.said())
            if time.monotonic() > deadline:
                raise TimeoutError(self.said())
            time.sleep(0.1)

    def wait_for_death(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Until its fail point has killed it. Raises subprocess.TimeoutExpired."""
        self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to it and to all that it started: as when the machine stops."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        return self._said.read_text()[-4000:]


@contextlib.contextmanager
def daemon(
    home: Home, hook: str, failpoint: str | None = None, workspace: Path = WORKSPACE
) -> Iterator[Daemon]:
    """A daemon until the block ends, then killed."""
    running = Daemon(home, hook, failpoint, workspace)
    try:
        yield running
    finally:
        running.kill()


def hours_pass(home: Home, hours: float = 1.0) -> None:
    """As if the last looks of the sensors, and the last attempts to send, were so many hours
    earlier. Only while no daemon runs."""
    seconds = hours * 3600
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            data = state.instigator_data
            if not isinstance(data, SensorInstigatorData):
                continue
            earlier = {
                name: then - seconds
                for name in ("last_tick_timestamp", "last_tick_start_timestamp")
                if (then := getattr(data, name)) is not None
            }
            cursor = data.cursor
            if state.instigator_name == "drift_sensor" and cursor and " " in cursor:
                of, times, again_at = cursor.split()
                moment = dt.datetime.fromisoformat(again_at) - dt.timedelta(hours=hours)
                cursor = f"{of} {times} {moment.isoformat()}"
            instance.update_instigator_state(
                state.with_data(data._replace(cursor=cursor, **earlier))
            )
    with open_ledger(home.ledger) as ledger:
        ledger.execute(
            "update outbox set next_attempt_at = created_at where sent_at is null",
        )


def unsent(home: Home) -> int:
    with open_ledger(home.ledger) as ledger:
        return int(
            ledger.execute("select count(*) from outbox where sent_at is null").fetchone()[0]
        )
