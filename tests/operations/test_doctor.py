"""`koers doctor` says what is wrong, where, and what to do; and nothing where all is well."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.lock import held
from pipelines.nights import LONGEST, write_down
from pipelines.operations.backup.making import make_backup
from pipelines.operations.checks import (
    configuration,
    credentials,
    flow,
    folders,
    machine,
    processes,
    schedule,
)
from pipelines.operations.checks.look import Check, Look
from pipelines.operations.finding import Finding, as_json, lines, worst
from pipelines.publication import utc_now
from pipelines.settings import UNFINISHED, Home, settings
from tests.operations.small import fill


def look(home: Home, **more: object) -> Look:
    given = {"now": utc_now(), "environment": dict(os.environ), **more}
    if "settings" not in given:
        given["settings"] = settings(home)
    return Look(home, **given)  # type: ignore[arg-type]


def bad(check: Check, at: Look) -> list[Finding]:
    """What is a warning or an error: each says what to do."""
    found = [each for each in check(at) if each.level in ("warning", "error")]
    assert all(each.do for each in found)
    return found


@contextlib.contextmanager
def child(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs until the block ends; it is ready when it has said so."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


OPEN = (
    "import sys, time, duckdb; "
    "c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'ro'); "
    "print('ready', flush=True); time.sleep(600)"
)
LISTEN = (
    "import socket, sys, time; s = socket.socket(); s.bind((sys.argv[1], 0)); s.listen(); "
    "print('ready', flush=True); time.sleep(600)"
)


def test_a_home_in_which_all_is_well(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOERS_HOOK", "jsons://example.org/x")
    fill(koers_home)
    make_backup(koers_home, koers_home.root.parent / "bk")
    done = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(done.stdout)
    wrong = [each for each in found["findings"] if each["level"] in ("warning", "error")]
    assert wrong == []
    assert done.exit_code == 0
    topics = {each["topic"] for each in found["findings"]}
    assert {"disk", "locks", "versions", "clock", "backups", "runs", "exposure"} <= topics
    assert "example.org" not in done.stdout


def test_an_empty_machine(koers_home: Home) -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.stdout
    assert "nothing was run yet" in done.stdout


def test_settings_that_cannot_be_used_do_not_stop_it(koers_home: Home) -> None:
    fill(koers_home)
    koers_home.settings_file.write_text("time_zone: Mars\n")
    (koers_home.audiences_file).write_text("audiences: {sales: {}}\n")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 2
    assert "time_zone" in done.stdout
    assert "management" in done.stdout
    assert "disk" in done.stdout, "and the rest is looked at"


def test_channels(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    koers_home.root.mkdir()
    koers_home.settings_file.write_text(
        "alerts: {channels: [{name: a, url_env: KOERS_A}, {name: b, url_env: KOERS_B}, "
        "{name: c, url_env: KOERS_C, secret_env: KOERS_C_SECRET}, {name: d, url_env: KOERS_D}]}\n"
    )
    monkeypatch.setenv("KOERS_A", "nosuch://canary-secret")
    monkeypatch.setenv("KOERS_C", "http://canary-secret.example.org")
    monkeypatch.setenv("KOERS_C_SECRET", "canary-secret")
    monkeypatch.setenv("KOERS_D", "json://127.0.0.1/canary-secret")
    found = bad(configuration.channels, look(koers_home))
    assert [(each.what[0], each.where) for each in found] == [
        ("a", "KOERS_A"), ("b", "KOERS_B"), ("c", "KOERS_C"),
    ]  # fmt: skip
    assert "canary" not in str(found)


def test_a_variable_that_is_misspelt(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOERS_HUBSPOT_TOKN", "x")
    [found] = bad(configuration.unknown_variables, look(koers_home))
    assert found.where == "KOERS_HUBSPOT_TOKN"
    assert "KOERS_HUBSPOT_TOKEN" in found.do


def test_credentials(koers_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bad(credentials.credentials, look(koers_home)) == []
    token = tmp_path / "token"
    token.write_text("canary-token")
    token.chmod(0o644)
    monkeypatch.setenv("KOERS_TYPEFORM_TOKEN_FILE", str(token))
    found = bad(credentials.credentials, look(koers_home))
    assert [(each.level, each.where) for each in found] == [("error", "KOERS_TYPEFORM_FORMS")]
    koers_home.root.mkdir(exist_ok=True)
    found = bad(folders.folders, look(koers_home))
    assert [str(token) in each.what for each in found] == [True]
    assert "canary" not in str(found)


def test_a_key_of_another_landing(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(koers_home)
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "another-key-than-before")
    [found] = bad(configuration.keys, look(koers_home))
    assert found.level == "error"
    assert "another-key" not in str(found)


@pytest.mark.fault("A4")
def test_a_disk_that_is_nearly_full(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(koers_home)
    need = machine.needed(koers_home)
    assert need > koers_home.warehouse.stat().st_size
    usage = shutil.disk_usage(koers_home.root)

    def with_free(free: int) -> str:
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage._replace(free=free))
        return worst(each.level for each in machine.disk(look(koers_home)))

    assert with_free(10**6) == "error"
    assert with_free(machine.LEAST_FREE - 1) == "warning"
    assert with_free(machine.LEAST_FREE) == "ok"
    monkeypatch.setattr(machine, "needed", lambda _: 10**12)
    assert with_free(10**12 - 1) == "error"
    assert with_free(2 * 10**12) == "warning"


@pytest.mark.fault("D3")
def test_a_clock_that_is_behind(koers_home: Home) -> None:
    fill(koers_home)
    assert bad(machine.clock, look(koers_home)) == []
    past = utc_now() - dt.timedelta(days=40)
    [found] = bad(machine.clock, look(koers_home, now=past))
    assert found.level == "error"


def test_other_versions_than_were_asked_for(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bad(machine.versions, look(koers_home))
    assert found == []
    real = machine.importlib.metadata.version
    monkeypatch.setattr(
        machine.importlib.metadata, "version", lambda n: "1.0" if n == "duckdb" else real(n)
    )
    [found] = bad(machine.versions, look(koers_home))
    assert "duckdb: 1.0 is installed" in found.what


@pytest.mark.fault("F6")
def test_a_ledger_of_a_newer_koers(koers_home: Home) -> None:
    import sqlite3

    fill(koers_home)
    with contextlib.closing(sqlite3.connect(koers_home.ledger)) as ledger:
        ledger.execute("pragma user_version = 99")
    before = koers_home.ledger.read_bytes()
    [found] = bad(machine.versions, look(koers_home))
    assert "version 99" in found.what
    assert koers_home.ledger.read_bytes() == before


@pytest.mark.fault("F1")
def test_who_holds_a_lock(koers_home: Home) -> None:
    fill(koers_home)
    with held(koers_home.run_lock, "koers run"):
        told = list(processes.locks(look(koers_home)))
        assert f"process {os.getpid()}" in told[0].what
        late = utc_now() + processes.LONGEST_RUN + dt.timedelta(hours=1)
        [found] = bad(processes.locks, look(koers_home, now=late))
        assert f"kill {os.getpid()}" in found.do
    assert bad(processes.locks, look(koers_home)) == []


@pytest.mark.fault("F3")
def test_a_foreign_program_that_has_a_database_open(koers_home: Home) -> None:
    """The process is named; and publishing goes on all the same (tests/publication)."""
    fill(koers_home)
    publication = koers_home.publication()
    publication.chmod(0o644)  # so that it can be opened for writing by mistake
    with child(OPEN, str(publication), "rw") as writer:
        [found] = bad(processes.open_databases, look(koers_home))
        assert found.level == "warning"
        assert f"process {writer.pid}" in found.what
    with child(OPEN, str(publication), "ro"):
        told = list(processes.open_databases(look(koers_home)))
        assert [each.level for each in told] == ["ok"]
        assert "1 readers" in told[0].what
    with child(OPEN, str(koers_home.warehouse), "rw") as writer:
        [found] = bad(processes.open_databases, look(koers_home))
        assert found.level == "error"
        assert f"process {writer.pid}" in found.what
        assert str(koers_home.publication()) in found.do
        # A process that a holder of a lock started is Koers' own.
        with held(koers_home.run_lock, "koers run"):
            assert bad(processes.open_databases, look(koers_home)) == []


@pytest.mark.fault("G11")
def test_a_ui_that_others_can_reach(koers_home: Home) -> None:
    with child(LISTEN, "127.0.0.1", "dagster-webserver") as near:
        told = list(processes.exposure(look(koers_home)))
        assert worst(each.level for each in told if str(near.pid) in each.what) == "ok"
    with child(LISTEN, "0.0.0.0", "dagster-webserver") as far:  # noqa: S104
        found = bad(processes.exposure, look(koers_home))
        assert [each.level for each in found if f"process {far.pid}" in each.what] == ["error"]
    with child(LISTEN, "0.0.0.0", "something-else") as other:  # noqa: S104
        assert not [e for e in processes.exposure(look(koers_home)) if str(other.pid) in e.what]


def test_nights_that_stay_away(koers_home: Home) -> None:
    fill(koers_home)
    assert bad(schedule.last_good, look(koers_home)) == []
    late = utc_now() + LONGEST + dt.timedelta(hours=1)
    [found] = bad(schedule.last_good, look(koers_home, now=late))
    assert found.level == "error"
    write_down(koers_home, ["hubspot"])
    [found] = bad(schedule.last_good, look(koers_home))
    assert (found.level, "hubspot" in found.what) == ("warning", True)


def test_when_the_next_night_is(koers_home: Home) -> None:
    koers_home.root.mkdir()
    koers_home.settings_file.write_text("nightly_at: '02:15'\n")
    at = look(koers_home, now=dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC))
    assert f"{schedule.next_night(at):%Y-%m-%d %H:%M}" == "2026-03-29 02:15"


def test_messages_that_wait_for_long(koers_home: Home) -> None:
    fill(koers_home)
    assert bad(flow.messages, look(koers_home)) == []
    late = utc_now() + flow.STUCK_AFTER + dt.timedelta(hours=1)
    [found] = bad(flow.messages, look(koers_home, now=late))
    assert "koers alerts test hook" in found.do
    koers_home.settings_file.write_text("")
    [found] = bad(flow.messages, look(koers_home))
    assert "no longer names" in found.what


@pytest.mark.fault("A13")
def test_folders_that_are_not_ours(koers_home: Home) -> None:
    fill(koers_home)
    assert bad(folders.folders, look(koers_home)) == []
    for path in (koers_home.root, *koers_home.root.parents[:3]):
        path.chmod(path.stat().st_mode | 0o005)
    for path in (koers_home.landing, koers_home.state):
        path.chmod(0o755)
    if not all(path.stat().st_mode & 0o001 for path in koers_home.root.parents):
        pytest.skip("a folder above is closed to others, so nobody can enter")
    [found] = bad(folders.folders, look(koers_home))
    assert "landing" in found.what
    (koers_home.root / UNFINISHED).touch()
    told = folders.folders(look(koers_home, settings=None))
    assert any("half a home" in each.what for each in told)


def test_files_that_were_refused(koers_home: Home) -> None:
    from pipelines.passes import Pass, Refusal, record_pass

    fill(koers_home)
    for name in ("hubspot", "nosuch"):
        (koers_home.inbox / name).mkdir()
        (koers_home.inbox / name / "a.csv").write_text("x")
    done = Pass("hubspot", "2026-01-01T00:00:00+00:00", (), (Refusal("a.csv", None, "no deal"),))
    record_pass(koers_home, done)
    found = bad(flow.refused, look(koers_home))
    assert sorted(each.what.split()[0] for each in found)[-1] == "hubspot/a.csv"
    assert any(each.where.endswith("nosuch") for each in found)


def test_the_worst_comes_first_for_programs_and_last_count_for_people() -> None:
    findings = [Finding("ok", "a", "x"), Finding("error", "b", "y", "z", "do it")]
    assert [each["level"] for each in as_json(findings)["findings"]] == ["error", "ok"]
    assert as_json(findings)["level"] == "error"
    assert lines(findings)[-1] == "1 ok, 1 error."
