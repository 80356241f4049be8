"""What Dagster is given: every asset, job, check and schedule, and nothing read to get there."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from connectors.core.discover import discover
from pipelines import dagster_home
from pipelines.defs.acts import ACTS
from pipelines.defs.everything import build_definitions
from pipelines.kpis import load_kpis
from pipelines.settings import PROJECT_DIR, Alerts, Home, Settings

STREAMS = {dg.AssetKey([c.name, s.name]) for c in discover().values() for s in c.streams}
BESIDE = {dg.AssetKey(["watch"]), dg.AssetKey(["said"]), dg.AssetKey(["report"])}
PUBLISHED = {dg.AssetKey(["publication", "management"]), *BESIDE}


@pytest.fixture
def repository(manifest: dict[str, Any]) -> dg.RepositoryDefinition:
    return build_definitions(manifest).get_repository_def()


def test_every_stream_and_model_is_an_asset_and_nothing_else(
    repository: dg.RepositoryDefinition, manifest: dict[str, Any]
) -> None:
    models = {
        dg.AssetKey([node["name"]])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    assert repository.asset_graph.get_all_asset_keys() == STREAMS | models | PUBLISHED


def test_a_stream_is_the_source_that_its_staging_model_reads(
    repository: dg.RepositoryDefinition,
) -> None:
    graph = repository.asset_graph
    parents = graph.get(dg.AssetKey(["stg_hubspot__deals"])).parent_keys
    assert dg.AssetKey(["hubspot", "deals"]) in parents


def test_every_asset_says_whose_it_is_and_what_it_is(
    repository: dg.RepositoryDefinition,
) -> None:
    for key in repository.asset_graph.get_all_asset_keys():
        node = repository.asset_graph.get(key)
        assert node.owners, key
        assert node.group_name not in (None, "default"), key
        assert node.kinds, key
        if key in STREAMS:
            assert node.freshness_policy_or_from_metadata is not None, key


def test_data_may_be_as_old_as_the_settings_say(
    manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, koers_home: Home
) -> None:
    """The same limits as the alert about a source; a source with an API may be less old."""

    def days(*key: str) -> float:
        repository = build_definitions(manifest).get_repository_def()
        policy = repository.asset_graph.get(dg.AssetKey(key)).freshness_policy_or_from_metadata
        assert isinstance(policy, TimeWindowFreshnessPolicy)
        return policy.fail_window.to_timedelta() / dt.timedelta(days=1)

    assert days("web", "visits") == days("publication", "management") == 37
    alerts = Alerts(stale_after_days=5, stale_after={"web": 40})
    environment = dagster_home.environment(koers_home, Settings(alerts=alerts))
    monkeypatch.setenv("KOERS_STALE_AFTER", environment["KOERS_STALE_AFTER"])
    monkeypatch.setenv("KOERS_PIPEDRIVE_TOKEN", "made-up")
    monkeypatch.setenv("KOERS_PIPEDRIVE_COMPANY", "made-up")
    assert days("web", "visits") == 42
    assert days("pipedrive", "deals") == days("publication", "management") == 7
    assert days("organisation", "people") == 400


def test_every_kpi_is_a_check_on_the_facts(
    repository: dg.RepositoryDefinition, manifest: dict[str, Any]
) -> None:
    facts = dg.AssetKey(["fct_kpi_status"])
    checks = {key.name for key in repository.asset_graph.asset_check_keys if key.asset_key == facts}
    kpis = load_kpis(manifest)
    assert len(kpis) >= 12
    assert set(kpis) <= checks


def test_one_ingest_job_per_connector_and_one_transform_job(
    repository: dg.RepositoryDefinition,
) -> None:
    ingest = {f"ingest_{name}" for name in discover()}
    others = {"transform", "nightly", "restate", "watch_publication", "deliver", "digest"}
    others |= {"make_report", "__ASSET_JOB"}
    again = {f"backfill_{name}" for name, each in discover().items() if each.api is not None}
    acts = {act.job for act in ACTS}
    assert {job.name for job in repository.get_all_jobs()} == ingest | again | others | acts
    for name in ingest:
        keys = repository.get_job(name).asset_layer.selected_asset_keys
        assert {key.path[0] for key in keys} == {name.removeprefix("ingest_")}
    transform = repository.get_job("transform").asset_layer.selected_asset_keys
    assert transform == repository.asset_graph.get_all_asset_keys() - STREAMS


def test_every_job_runs_in_one_process(repository: dg.RepositoryDefinition) -> None:
    for job in repository.get_all_jobs():
        assert job.executor_def.name == "in_process", job.name


def test_only_what_touches_the_warehouse_is_in_its_pool(
    repository: dg.RepositoryDefinition,
) -> None:
    pools = {
        key: definition.op.pool
        for definition in repository.assets_defs_by_key.values()
        for key in definition.keys
    }
    assert {key for key, pool in pools.items() if pool is None} == STREAMS | BESIDE
    assert set(pools.values()) == {None, "warehouse"}


def test_nights_are_those_of_the_business(repository: dg.RepositoryDefinition) -> None:
    (schedule,) = repository.schedule_defs
    assert (schedule.cron_schedule, schedule.execution_timezone) == (
        "15 2 * * *",
        "Europe/Amsterdam",
    )
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert {s.default_status for s in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_workspace_and_project_name_the_same_module() -> None:
    workspace = yaml.safe_load((PROJECT_DIR / "workspace.yaml").read_text())
    (loaded,) = workspace["load_from"]
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert loaded["python_module"]["module_name"] == project["code_location_target_module"]
    assert loaded["python_module"]["location_name"] == project["code_location_name"]


LOOK = """
import sys
opened, connected = set(), []

def note(event, args):
    if event == "open" and isinstance(args[0], str):
        opened.add(args[0])
    is_dbt = event == "subprocess.Popen" and "dbt" in str(args[:2])
    if is_dbt or event in ("socket.connect", "os.mkdir", "os.rename"):
        connected.append(event)

sys.addaudithook(note)
import pipelines.definitions
home, project = sys.argv[1:]
mine = {f for f in opened if f.startswith((home, project)) and "__pycache__" not in f}
print(*sorted(f for f in mine if "/.venv/" not in f and not f.endswith(".py")))
print(*connected)
"""


def test_importing_reads_the_manifest_and_nothing_else(prepared: Home, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(prepared.root), str(PROJECT_DIR)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files, events = done.stdout.split("\n")[:2]
    assert files == str(prepared.manifest)
    assert events == ""


def test_without_a_manifest_it_says_what_to_do(koers_home: Home, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pipelines.definitions"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "koers up" in done.stderr.splitlines()[-1]


@pytest.mark.nightly
def test_the_workspace_loads_from_anywhere(prepared: Home, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dagster")),
            "definitions",
            "validate",
            "-w",
            str(PROJECT_DIR / "workspace.yaml"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location koers" in done.stderr + done.stdout
