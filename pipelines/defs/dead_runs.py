"""Ends runs whose process is gone.

A run that was killed goes on as "started" for Dagster, and keeps its slot of the pool: the next
run would wait for it for ever. Whether a process lives, the system knows.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg

LOOK_AGAIN_SECONDS = 1.0
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """The ids of the runs that were ended as failed, their slots freed."""
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        pids = set(_pids(instance, run.run_id))
        if pids and not any(is_alive(pid) for pid in pids):
            instance.report_run_failed(
                run, "The process of this run ended without a word: killed, or the machine stopped."
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def wait_for_pool(
    instance: dg.DagsterInstance,
    pool: str,
    say: Callable[[str], None],
    wait_seconds: float = 1800.0,
) -> None:
    """Wait until no run holds the pool. Dagster waits too, but at the cost of a whole core."""
    deadline = time.monotonic() + wait_seconds
    told = False
    while holders := instance.event_log_storage.get_concurrency_info(pool).active_run_ids:
        if not told:
            say(f"waiting for pool {pool}, held by run {', '.join(sorted(holders))}")
            told = True
        if time.monotonic() >= deadline:
            return
        time.sleep(LOOK_AGAIN_SECONDS)
        end_dead_runs(instance)


def is_alive(pid: int) -> bool:
    """Whether a process of that number lives and could be one of ours. Where the system tells of
    each process what it runs, a number that was given out again is seen through."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return True
    return any(word in command for word in (b"dagster", b"koers", b"pipelines", b"pytest"))


def _pids(instance: dg.DagsterInstance, run_id: str) -> Iterator[int]:
    """The processes in which the run or its steps began."""
    for event_type in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START):
        for record in instance.get_records_for_run(run_id, of_type=event_type).records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.pid is not None:
                yield event.pid
