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
CLOCK_TOLERANCE_SECONDS = 5.0
PROCESS_TAG = "koers/process"
"""On runs that take place in the process that makes them: its number."""

WAITING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
]
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """The ids of the runs that were ended as failed, their slots freed."""
    ended = []
    may_be_dead = [dg.DagsterRunStatus.NOT_STARTED, *UNFINISHED]
    for record in instance.get_run_records(dg.RunsFilter(statuses=may_be_dead)):
        run = record.dagster_run
        processes = set(_began_in(instance, run.run_id))
        if not processes and (pid := run.tags.get(PROCESS_TAG)):
            # Killed between the making of the run and its beginning.
            processes = {(int(pid), record.create_timestamp.timestamp())}
        if processes and not any(is_alive(pid, since) for pid, since in processes):
            instance.report_run_failed(
                run, "The process of this run ended without a word: killed, or the machine stopped."
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def goes_on(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of a job waits or runs. Runs that are dead are ended first: a sensor that
    waits for one would wait for ever."""
    end_dead_runs(instance)
    of_job = dg.RunsFilter(job_name=job_name, statuses=[*WAITING, *UNFINISHED])
    return instance.get_runs_count(of_job) > 0


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


def is_alive(pid: int, since: float) -> bool:
    """Whether the process that had this number at a moment (seconds since 1970) still lives. A
    number that was given out again is seen through where the system tells when a process began, and
    so is a process that ended while nobody asked how (as in a container without an init)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state, began = _state_and_beginning(pid)
    if state in _ENDED:
        return False
    return began is None or began <= since + CLOCK_TOLERANCE_SECONDS


_ENDED = ("Z", "X")


def _state_and_beginning(pid: int) -> tuple[str, float | None]:
    """A process's state, as a letter, and when it began, in seconds since 1970; nothing where /proc
    does not tell."""
    try:
        # The second field is a name in brackets, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        booted = next(
            float(line.split()[1])
            for line in Path("/proc/stat").read_text().splitlines()
            if line.startswith("btime ")
        )
    except (OSError, StopIteration):
        return "", None
    return fields[0], booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _began_in(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[int, float]]:
    """The processes in which the run or its steps began, and when."""
    for event_type in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START):
        for record in instance.get_records_for_run(run_id, of_type=event_type).records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.pid is not None:
                yield event.pid, record.event_log_entry.timestamp
