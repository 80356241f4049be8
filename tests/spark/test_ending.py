"""A dbt on Spark that is killed leaves nothing behind: its JVM ends, and its Python workers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.dbt import dbt_command, dbt_env
from pipelines.settings import DBT_PROJECT_DIR, Home, Settings
from tests.spark.servers import PATIENCE_SECONDS, environment, why_not
from tests.spark.test_small import PROJECT

ENDS_WITHIN_SECONDS = 60.0


@pytest.mark.nightly
@pytest.mark.skipif(bool(reason := why_not()), reason=reason)
@pytest.mark.parametrize(
    ("signal_", "once_said"),
    [(signal.SIGKILL, "Using Spark's"), (signal.SIGKILL, "START python"), (signal.SIGTERM, "OK")],
)
def test_nothing_outlives_it(
    koers_home: Home, tmp_path: Path, signal_: signal.Signals, once_said: str
) -> None:
    given = dbt_env(koers_home, Settings(engine="spark"), project=PROJECT, base=environment())
    given |= {
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "KOERS_SPARK_MASTER": "local[1]",
        "KOERS_SPARK_MEMORY": "1g",
    }
    said = tmp_path / "said"
    with said.open("w") as log:
        dbt = subprocess.Popen(
            [str(dbt_command("spark")), "--no-use-colors", "build"],
            env=given,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: once_said in said.read_text(), PATIENCE_SECONDS, said)
        assert "java" in {name for _, name in alive(dbt.pid)}
        dbt.send_signal(signal_)
        dbt.wait(ENDS_WITHIN_SECONDS)
        wait_until(lambda: not list(alive(dbt.pid)), ENDS_WITHIN_SECONDS, said)
    finally:
        for process, _ in list(alive(dbt.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def alive(session: int) -> Iterator[tuple[int, str]]:
    """The processes of a session with their names, less those that only wait to be counted out."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                state, *numbers = rest.split()
                if int(numbers[2]) == session and state != "Z":
                    yield int(folder.name), name


def wait_until(holds: Callable[[], bool], seconds: float, said: Path) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(said.read_text()[-4000:])
        time.sleep(0.2)
