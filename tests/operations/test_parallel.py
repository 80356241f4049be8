"""Runs of several processes at once on PostgreSQL, as docs/spark.md has them on several machines: a
backfill that the daemon hands out, and beside it a run that another process does by itself."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import dagster as dg
import pytest
import yaml

from pipelines import dagster_home
from pipelines.dagster_home import POSTGRES_VARIABLE
from pipelines.defs.models import POOL
from pipelines.settings import PROJECT_DIR, Home, Settings
from tests.operations.parallel import RUNS
from tests.operations.postgres import postgres, programs
from tests.orchestration.daemon import daemon, prepare
from tests.zygote import forked

MONTHS = ["2026-01-01", "2026-02-01", "2026-03-01"]
ALONE = "2026-04-01"
STEPS = {"build_month", "publish_month"}

Span = tuple[float, float]


@pytest.mark.nightly
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed here")
def test_runs_go_side_by_side_and_steps_of_the_pool_one_by_one(
    prepared: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text(yaml.safe_dump({"load_from": [{"python_module": {
        "module_name": "tests.operations.parallel", "attribute": "location",
        "working_directory": str(PROJECT_DIR),
    }}]}))  # fmt: skip
    with postgres() as url:
        monkeypatch.setenv(POSTGRES_VARIABLE, url)
        prepare(prepared)
        monkeypatch.setenv(POSTGRES_VARIABLE, dagster_home.postgres_url() or "")
        asked = subprocess.run(
            [str(Path(sys.executable).with_name("dagster")), "job", "backfill", "--noprompt",
             "-w", str(workspace), "-j", "restate", "--partitions", ",".join(MONTHS)],
            env=dagster_home.environment(prepared, Settings()),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr[-4000:]
        with (
            dg.DagsterInstance.from_config(str(prepared.dagster)) as instance,
            daemon(prepared, "", workspace=workspace) as running,
        ):
            running.wait_until(lambda: instance.get_runs_count(of(dg.DagsterRunStatus.STARTED)) > 0)
            done = forked("tests.operations.parallel", str(prepared.root), ALONE)
            assert done.returncode == 0, done.stderr.decode()[-4000:]
            own = done.stdout.decode().split()[-1]
            running.wait_until(
                lambda: instance.get_runs_count(of(dg.DagsterRunStatus.SUCCESS)) == RUNS
            )
            runs = {
                record.dagster_run.run_id: (record.start_time or 0.0, record.end_time or 0.0)
                for record in instance.get_run_records()
            }
            steps = [span for run in runs for span in spans_of_steps(instance, run)]
            assert [each.name for each in instance.event_log_storage.get_pool_limits()] == [POOL]
    assert len(steps) == RUNS * len(STEPS)
    assert not [pair for pair in itertools.combinations(steps, 2) if overlap(*pair)]
    assert own in runs
    assert all(overlap(*pair) for pair in itertools.combinations(runs.values(), 2))


def of(*statuses: dg.DagsterRunStatus) -> dg.RunsFilter:
    return dg.RunsFilter(job_name="restate", statuses=list(statuses))


def spans_of_steps(instance: dg.DagsterInstance, run_id: str) -> list[Span]:
    """When each step of a run began and ended."""
    found: defaultdict[str, dict[dg.DagsterEventType, float]] = defaultdict(dict)
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        if event is not None and event.step_key in STEPS:
            found[event.step_key][event.event_type] = entry.timestamp
    began, ended = dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS
    return [(each[began], each[ended]) for each in found.values()]


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
