"""What is said where Spark is chosen and something it needs is missing. No JVM is needed here."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import subprocess
import warnings
from pathlib import Path

import pytest

from pipelines import dbt
from pipelines.operations.checks.configuration import engine
from pipelines.operations.checks.look import Look
from pipelines.settings import Home, Settings, SettingsError, settings
from pipelines.spark.dbt import QUICK_JAVA, choose_java, choose_server, keeps_tables
from pipelines.spark.needs import SparkMissingError, check, java_version


def java(folder: Path, said: str) -> dict[str, str]:
    """An environment whose Java says that it is of some version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    return {"JAVA_HOME": str(folder)}


def test_without_the_packages(tmp_path: Path) -> None:
    with pytest.raises(
        SparkMissingError, match=r"pyspark, dbt-spark is not installed.*koers\[spark"
    ):
        check(
            has=lambda module: module == "pyarrow", environment=java(tmp_path, 'version "17.0.1"')
        )


def test_without_java(tmp_path: Path) -> None:
    with pytest.raises(SparkMissingError, match="no Java was found"):
        check(has=lambda _: True, environment={"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('java version "1.8.0_402"', 8),
        ('openjdk version "11.0.22" 2024-01-16', 11),
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ("nothing", None),
    ],
)
def test_the_version_of_java(tmp_path: Path, said: str, version: int | None) -> None:
    environment = java(tmp_path, said)
    assert java_version(f"{environment['JAVA_HOME']}/bin/java") == version
    if version is not None and version < 17:
        with pytest.raises(SparkMissingError, match=f"is Java {version}: Spark 4 needs 17"):
            check(has=lambda _: True, environment=environment)
    else:
        check(has=lambda _: True, environment=environment)


def connect(address: str) -> dict[str, str]:
    """An environment without Java, and with an address of Spark Connect."""
    return {"PATH": "", "KOERS_SPARK_MASTER": address}


def test_a_server_of_spark_connect_needs_no_java_here() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        check(has=lambda _: True, environment=connect(f"sc://127.0.0.1:{port}/;user_id=eva"))
        with pytest.raises(SparkMissingError, match="zstandard is not installed"):
            check(has=lambda name: name != "zstandard", environment=connect("sc://127.0.0.1"))
    with pytest.raises(SparkMissingError, match=rf"answers at 127\.0\.0\.1:{port} \(.*Start it"):
        check(has=lambda _: True, environment=connect(f"sc://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    "address",
    [
        "sc://",
        "sc://host:canary",
        "sc://eva:canary@127.0.0.1",  # pragma: allowlist secret
        "sc://host/;token=canary",
    ],
)
def test_a_wrong_address_of_spark_connect_is_not_shown(address: str) -> None:
    with pytest.raises(SparkMissingError, match="KOERS_SPARK_MASTER") as error:
        check(has=lambda _: True, environment=connect(address))
    assert "canary" not in str(error.value)
    assert "answers" not in str(error.value)


def test_dbt_is_not_started_without_what_it_needs(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise SparkMissingError("no Java was found")

    monkeypatch.setattr(dbt, "check", missing)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("dbt was started"))
    with pytest.raises(SparkMissingError, match="no Java"):
        dbt.run_dbt(["build"], koers_home, Settings(engine="spark"))
    assert dbt.dbt_command("duckdb").name == "dbt"


def test_the_doctor_says_so(koers_home: Home, tmp_path: Path) -> None:
    chosen = Settings(engine="spark")
    look = Look(koers_home, chosen, {"PATH": str(tmp_path)}, dt.datetime.now(dt.UTC))
    [found] = engine(look)
    assert (found.level, found.topic) == ("error", "engine")
    assert re.search("no Java was found|is not installed", found.what)
    assert list(engine(Look(koers_home, Settings(), {}, look.now))) == []


def test_one_switch(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    koers_home.root.mkdir(parents=True, exist_ok=True)
    assert settings(koers_home).engine == "duckdb"
    koers_home.settings_file.write_text("engine: spark\n")
    assert settings(koers_home).engine == "spark"
    assert dbt.dbt_env(koers_home, settings(koers_home), base={})["KOERS_TARGET"] == "spark"
    monkeypatch.setenv("KOERS_TARGET", "duckdb")
    assert settings(koers_home).engine == "duckdb"
    monkeypatch.setenv("KOERS_TARGET", "oracle")
    with pytest.raises(SettingsError, match=r"KOERS_TARGET is 'oracle'.*duckdb or spark"):
        settings(koers_home)


@pytest.mark.parametrize(
    ("variables", "address", "keeps"),
    [
        ({}, None, False),
        ({"KOERS_SPARK_MASTER": "local[2]"}, None, False),
        ({"KOERS_SPARK_MASTER": "spark://h:7077", "KOERS_SPARK_WAREHOUSE": "/net"}, None, True),
        ({"KOERS_SPARK_MASTER": "sc://h:15002"}, "sc://h:15002", True),
    ],
)
def test_where_sessions_are_and_what_they_know(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], address: str | None, keeps: bool
) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "")  # so that it is put back
    monkeypatch.delenv("SPARK_REMOTE")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        choose_server()
    assert os.environ.get("SPARK_REMOTE") == address
    assert keeps_tables() is keeps


@pytest.mark.parametrize(
    ("master", "before", "then"),
    [
        ("", None, QUICK_JAVA),
        ("local[2]", None, QUICK_JAVA),
        ("local[2]", "", ""),
        ("spark://h:7077", None, None),
        ("sc://h:15002", None, None),
    ],
)
def test_a_quick_java_for_work_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, master: str, before: str | None, then: str | None
) -> None:
    monkeypatch.setenv("JDK_JAVA_OPTIONS", before or "")  # so that it is put back
    if before is None:
        monkeypatch.delenv("JDK_JAVA_OPTIONS")
    monkeypatch.setenv("KOERS_SPARK_MASTER", master)
    choose_java()
    assert os.environ.get("JDK_JAVA_OPTIONS") == then
