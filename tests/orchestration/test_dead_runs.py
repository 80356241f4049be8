"""A run that was killed neither looks alive nor keeps what it held."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from pipelines import dagster_home
from pipelines.defs.dead_runs import PROCESS_TAG, end_dead_runs, is_alive, wait_for_pool
from pipelines.settings import PROJECT_DIR, Home, Settings

KILLED = """
import os, signal
import dagster as dg

@dg.op(pool="warehouse")
def dies():
    os.kill(os.getpid(), signal.SIGKILL)

@dg.job(executor_def=dg.in_process_executor)
def job():
    dies()

with dg.DagsterInstance.get() as instance:
    job.execute_in_process(instance=instance)
"""


@pytest.mark.fault("A1")
def test_a_killed_run_is_ended_and_its_pool_is_free(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)
    environment = dagster_home.environment(koers_home, Settings())
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env=environment,
        cwd=PROJECT_DIR,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.STARTED
        pool = instance.event_log_storage.get_concurrency_info("warehouse")
        assert pool.active_run_ids == {run.run_id}, "this is what the next run would wait for"

        assert end_dead_runs(instance) == [run.run_id]

        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.FAILURE
        wait_for_pool(instance, "warehouse", lambda line: None, wait_seconds=0)
        pool = instance.event_log_storage.get_concurrency_info("warehouse")
        assert not pool.active_run_ids
        assert end_dead_runs(instance) == []


@dg.op
def looks(context: dg.OpExecutionContext) -> list[str]:
    return end_dead_runs(context.instance)


@dg.job(executor_def=dg.in_process_executor)
def alive() -> None:
    looks()


def test_a_run_that_lives_is_left_alone() -> None:
    with dg.instance_for_test() as instance:
        result = alive.execute_in_process(instance=instance)
        assert result.success
        assert result.output_for_node("looks") == []


def test_a_process_is_alive_or_it_is_not() -> None:
    now = time.time()
    assert is_alive(os.getpid(), now)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_alive(gone.pid, now)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the system does not tell of others")
def test_a_number_that_was_given_out_again_is_another_process() -> None:
    assert not is_alive(os.getpid(), time.time() - 30 * 24 * 3600)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the system does not tell of others")
def test_a_process_that_nobody_buried_is_dead() -> None:
    """As in a container whose first process does not ask how others ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        state = Path(f"/proc/{child.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        assert not is_alive(child.pid, time.time())


@pytest.mark.fault("A1", "A2")
def test_a_run_that_was_killed_before_it_began_is_ended() -> None:
    """Found by a kill: the report would have waited for it for ever."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with dg.instance_for_test() as instance:
        dead, lives = (
            instance.create_run_for_job(alive, tags={PROCESS_TAG: str(pid)})
            for pid in (gone.pid, os.getpid())
        )
        assert end_dead_runs(instance) == [dead.run_id]
        assert instance.get_run_by_id(lives.run_id).status is dg.DagsterRunStatus.NOT_STARTED
