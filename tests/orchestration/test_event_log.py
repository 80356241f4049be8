"""The log of Dagster's events with its files kept open: nothing is lost, and few are open."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError
from dagster._core.events.log import EventLogEntry

from pipelines import dagster_home
from pipelines.defs.event_log import MOST_OPEN, KeptEventLog
from pipelines.settings import Home, Settings
from tests.zygote import forked


@dg.asset
def one() -> None:
    pass


JOB = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("job", "*")]).resolve_job_def("job")


def run(home: Home, times: int = 1) -> list[str]:
    """The ids of runs in an instance of their own."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        return [JOB.execute_in_process(instance=instance).run_id for _ in range(times)]


def events(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [
        str(record.event_log_entry.dagster_event_type)
        for record in instance.get_records_for_run(run_id, limit=1000).records
        if record.event_log_entry.is_dagster_event
    ]


def open_files(folder: Path) -> set[str]:
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        try:
            name = str(number.readlink())
        except FileNotFoundError:
            continue
        if name.startswith(str(folder)) and name.endswith(".db"):
            found.add(name)
    return found


def test_what_others_read_is_what_was_said_and_files_are_closed(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)
    folder = koers_home.dagster.resolve()
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as writing:
        assert isinstance(writing._event_storage, KeptEventLog)
        with dg.DagsterInstance.from_config(str(koers_home.dagster)) as reading:
            ids = [JOB.execute_in_process(instance=writing).run_id for _ in range(3)]
            for run_id in ids:
                assert events(reading, run_id)[-1] == "DagsterEventType.RUN_SUCCESS"
            newest = reading.get_latest_materialization_event(one.key)
            assert newest is not None
            assert newest.run_id == ids[-1]
        runs = {name for name in open_files(folder) if "/runs/" in name}
        assert 1 < len(runs) <= MOST_OPEN
    assert not {name for name in open_files(folder) if "/runs/" in name}


def test_many_runs_hold_few_files_open(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)
    ids = run(koers_home, MOST_OPEN + 3)
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        told = [events(instance, run_id) for run_id in (*ids, *ids)]
        runs = {name for name in open_files(koers_home.dagster.resolve()) if "/runs/" in name}
        assert len(runs) == MOST_OPEN
    assert all(each == told[0] for each in told)


def test_a_store_that_was_put_aside_is_left(koers_home: Home) -> None:
    """By another process, while this one has it open."""
    dagster_home.prepare(koers_home)
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        [first] = run(koers_home)
        assert events(instance, first)
        history = koers_home.dagster / "history"
        history.rename(history.with_name("of-before"))
        [second] = run(koers_home)
        newest = instance.get_latest_materialization_event(one.key)
        assert newest is not None
        assert newest.run_id == second


def test_what_a_run_is_to_make_is_stored_in_one_go(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.asset
    def two() -> None:
        pass

    @dg.asset_check(asset=two)
    def fine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    dagster_home.prepare(koers_home)
    for name, value in dagster_home.environment(koers_home, Settings()).items():
        monkeypatch.setenv(name, value)
    batches = []
    store = KeptEventLog.store_event_batch

    def counted(log: KeptEventLog, of: Sequence[EventLogEntry]) -> None:
        batches.append(len(of))
        store(log, of)

    monkeypatch.setattr(KeptEventLog, "store_event_batch", counted)
    defs = dg.Definitions(
        assets=[one, two], asset_checks=[fine], jobs=[dg.define_asset_job("job", "*")]
    )
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        done = defs.resolve_job_def("job").execute_in_process(instance=instance)
        told = events(instance, done.run_id)
    assert max(batches) == 3
    assert told.count("DagsterEventType.ASSET_MATERIALIZATION_PLANNED") == 2
    assert told.count("DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED") == 1
    assert told.count("DagsterEventType.ASSET_MATERIALIZATION") == 2


def test_of_a_batch_all_is_stored_or_nothing(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)
    [run_id] = run(koers_home)
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        log = instance._event_storage
        told = instance.get_records_for_run(run_id, limit=1000).records
        made = instance.get_latest_materialization_event(one.key)
        assert made is not None
        broken: Any = object()
        with pytest.raises(CheckError):
            log.store_event_batch([made, broken])
        assert len(instance.get_records_for_run(run_id, limit=1000).records) == len(told)
        log.store_event_batch([made, made])
        assert len(instance.get_records_for_run(run_id, limit=1000).records) == len(told) + 2


@pytest.mark.fault("A1")
def test_killed_in_the_midst_it_keeps_what_it_said(koers_home: Home) -> None:
    dagster_home.prepare(koers_home)
    died = forked("tests.orchestration.event_log_child", str(koers_home.dagster))
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
        [left] = instance.get_runs()
        assert events(instance, left.run_id)[-1] == "DagsterEventType.STEP_START"
        assert instance.get_latest_materialization_event(one.key) is None
    run(koers_home)
