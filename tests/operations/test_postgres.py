"""Dagster's runs in PostgreSQL instead of SQLite: the same jobs, and no password in a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from pipelines import dagster_home
from pipelines.dagster_home import POSTGRES_VARIABLE, StorageError
from pipelines.settings import PROJECT_DIR, Home, Settings
from tests.operations.postgres import PASSWORD, postgres, programs
from tests.zygote import forked

installed = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed here")


@installed
@pytest.mark.fault("G3")
def test_jobs_run_on_postgres(prepared: Home) -> None:
    with postgres() as url:
        done = forked(
            "tests.operations.on_postgres", str(prepared.root), KOERS_DAGSTER_POSTGRES_URL=url
        )
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.decode().split() == ["1", "SUCCESS", "PostgresEventLogStorage"]
        wrong = url.replace(PASSWORD, f"{PASSWORD}-wrong")
        refused = forked(
            "tests.operations.on_postgres", str(prepared.root), KOERS_DAGSTER_POSTGRES_URL=wrong
        )
        assert refused.returncode != 0
        said = (refused.stderr + refused.stdout).decode()
        assert "password authentication failed" in said
        assert PASSWORD not in said
    assert not (prepared.dagster / "history").exists(), "nothing is in SQLite"
    for file in prepared.root.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file


def test_the_address_stays_in_the_environment(
    koers_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://koers:canary@127.0.0.1/koers\n")
    monkeypatch.setenv(f"{POSTGRES_VARIABLE}_FILE", str(file))
    monkeypatch.setattr(dagster_home, "_try", lambda _: None)
    dagster_home.prepare(koers_home)
    written = (koers_home.dagster / "dagster.yaml").read_text()
    assert "canary" not in written
    assert f"env: {POSTGRES_VARIABLE}" in written
    given = dagster_home.environment(koers_home, Settings())
    assert given[POSTGRES_VARIABLE] == "postgresql+psycopg2://koers:canary@127.0.0.1/koers"

    monkeypatch.delenv(f"{POSTGRES_VARIABLE}_FILE")
    with pytest.raises(StorageError, match=f"{POSTGRES_VARIABLE} is not set"):
        dagster_home.prepare(koers_home)
    (koers_home.dagster / "dagster.yaml").unlink()
    dagster_home.prepare(koers_home)
    assert POSTGRES_VARIABLE not in (koers_home.dagster / "dagster.yaml").read_text()
    assert POSTGRES_VARIABLE not in os.environ


def test_where_runs_take_place_is_the_homes_to_say(koers_home: Home) -> None:
    koers_home.root.mkdir(parents=True, exist_ok=True)
    (koers_home.root / "dagster.yaml").write_text(
        "run_launcher: {module: dagster_docker, class: DockerRunLauncher}\n"
    )
    dagster_home.prepare(koers_home)
    written = yaml.safe_load((koers_home.dagster / "dagster.yaml").read_text())
    assert written["run_launcher"] == {"module": "dagster_docker", "class": "DockerRunLauncher"}
    assert written["concurrency"]["pools"] == {"granularity": "op", "default_limit": 1}


@pytest.mark.parametrize(
    "text", ["concurrency: {pools: {default_limit: 9}}", "[run_launcher]", "{"]
)
def test_what_the_figures_depend_on_is_not(koers_home: Home, text: str) -> None:
    koers_home.root.mkdir(parents=True, exist_ok=True)
    (koers_home.root / "dagster.yaml").write_text(text)
    with pytest.raises(StorageError, match=r"dagster\.yaml"):
        dagster_home.prepare(koers_home)


def test_the_example_of_deploy_is_accepted(koers_home: Home) -> None:
    koers_home.root.mkdir(parents=True, exist_ok=True)
    example = PROJECT_DIR / "deploy" / "spark" / "dagster.yaml"
    (koers_home.root / "dagster.yaml").write_text(example.read_text())
    dagster_home.prepare(koers_home)
    assert "DockerRunLauncher" in (koers_home.dagster / "dagster.yaml").read_text()


@pytest.mark.fault("G3")
@pytest.mark.parametrize(
    "url",
    ["canary", "mysql://koers:canary@host/x", "postgresql://", "postgresql://koers:canary@:x/y"],
)
def test_what_is_no_address_is_not_shown(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, url)
    with pytest.raises(StorageError) as error:
        dagster_home.prepare(koers_home)
    assert "canary" not in str(error.value)
    assert POSTGRES_VARIABLE in str(error.value)


def test_without_its_library(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, "postgresql://koers@127.0.0.1/koers")
    monkeypatch.setattr(dagster_home.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StorageError, match="not installed"):
        dagster_home.prepare(koers_home)
