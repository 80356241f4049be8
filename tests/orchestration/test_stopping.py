"""`koers run` is told to stop, or begun twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.defs.dead_runs import is_alive
from pipelines.lock import holder
from pipelines.sandbox.faults import Fault
from pipelines.settings import Home
from pipelines.stopping import EXIT_CODE
from tests.faults.nights import Nights, Running, nights

DEAF = """\
#!{python}
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
open({begun!r}, "w").write(str(__import__("os").getpid()))
time.sleep(300)
"""
"""In place of dbt: in the middle of a query that nothing interrupts."""


@pytest.fixture
def at(tmp_path: Path, prepared: Home) -> Iterator[Nights]:
    """A home before its first night, in which dbt has parsed the project."""
    with nights(tmp_path / "nights") as made:
        made.put_back(1)
        made.home.manifest.parent.mkdir(parents=True)
        for file in prepared.manifest.parent.glob("*.*"):
            (made.home.manifest.parent / file.name).write_bytes(file.read_bytes())
        yield made


def runs(home: Home) -> dict[str, dg.DagsterRunStatus]:
    """How the newest run of each job ended."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        newest_last = reversed(instance.get_runs())
        return {run.job_name: run.status for run in newest_last}


def hanging() -> Fault:
    return Fault("hang", path="/responses", seconds=120)


def is_reading(made: Nights) -> Callable[[], bool]:
    """Whether its vendor was asked for what it never answers."""
    return lambda: any("/responses" in call for call in made.calls)


@contextlib.contextmanager
def deaf_dbt(made: Nights, folder: Path) -> Iterator[tuple[Running, int]]:
    """A night in which dbt has begun, and hears no signal; with the number of its process."""
    begun, program = folder / "begun", folder / "dbt"
    program.write_text(DEAF.format(python=sys.executable, begun=str(begun)))
    program.chmod(0o700)

    def has_begun() -> bool:
        """And is watched over, which it is a moment later."""
        if not begun.exists() or not (pid := begun.read_text()):
            return False
        there = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        return f"ends dbt with its run {pid}\n" in there.stdout

    with made.going_on(has_begun, at=1, KOERS_DBT_PROGRAM=str(program)) as night:
        yield night, int(begun.read_text())


def assert_gone(pid: int, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(pid, time.time()):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)


@pytest.mark.fault("A3")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_while_it_reads(at: Nights, number: int) -> None:
    with at.going_on(is_reading(at), at=1, faults=[hanging()]) as night:
        took = night.signal(number)
    assert night.code.result() == EXIT_CODE, at.said
    assert took < 10
    assert "Stopped." in at.said
    assert "Traceback" not in at.said
    assert runs(at.home)["ingest_typeform"] is dg.DagsterRunStatus.CANCELED
    assert runs(at.home)["ingest_hubspot"] is dg.DagsterRunStatus.SUCCESS
    assert holder(at.home.run_lock) is None


@pytest.mark.fault("A3")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_while_dbt_builds(at: Nights, tmp_path: Path, number: int) -> None:
    with deaf_dbt(at, tmp_path) as (night, pid):
        took = night.signal(number)
    assert night.code.result() == EXIT_CODE, at.said
    assert took < 10
    assert runs(at.home)["transform"] is dg.DagsterRunStatus.CANCELED
    assert holder(at.home.run_lock) is None
    assert holder(at.home.state / "warehouse.lock") is None
    assert not at.home.publication().exists()
    assert_gone(pid)


@pytest.mark.fault("A1")
def test_killed_alone_it_leaves_no_dbt_behind(at: Nights, tmp_path: Path) -> None:
    with deaf_dbt(at, tmp_path) as (night, pid):
        os.kill(night.holder.pid, signal.SIGKILL)
        night.code.result(60)
        assert_gone(pid)


@pytest.mark.fault("F1")
def test_begun_twice(at: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second says who runs, and that is no failure; once the first is killed, nobody does."""
    monkeypatch.setenv("KOERS_HOME", str(at.home.root))
    with at.going_on(is_reading(at), at=1, faults=[hanging()]) as night:
        second = CliRunner().invoke(app, ["run"])
        assert second.exit_code == 0
        assert f"koers run (process {night.holder.pid}" in second.output
        os.kill(night.holder.pid, signal.SIGKILL)
        night.code.result(60)
        deadline = time.monotonic() + 5
        while holder(at.home.run_lock) is not None:
            assert time.monotonic() < deadline
    begun = runs(at.home)["ingest_typeform"]
    assert begun is dg.DagsterRunStatus.STARTED, "as Dagster sees it, it runs for ever"
    assert at.night(at=1, KOERS_FAILPOINT="night.ingested") == -signal.SIGKILL, at.said
    assert runs(at.home)["ingest_typeform"] is dg.DagsterRunStatus.SUCCESS
