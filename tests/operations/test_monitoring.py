"""What monitoring reads: metrics for Prometheus, a status whose form stays, JSON lines."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.lock import BusyError
from pipelines.operations import logs
from pipelines.operations.metrics import Metric, metrics_file, text_of, write_metrics
from pipelines.operations.run_times import TimedRunner, last_times, timed
from pipelines.operations.watched import watched
from pipelines.passes import Load, Pass, record_pass
from pipelines.publication import utc_now
from pipelines.settings import PROJECT_DIR, Home, Settings
from tests.operations.small import fill


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    return {
        family.name: {
            tuple(sorted(sample.labels.items())): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


def test_the_metrics_of_a_home(koers_home: Home) -> None:
    chosen = fill(koers_home)
    load = Load("deals", "20260101T000000000000Z", read=3, loaded=2, rejected=1, duplicate=0)
    at = "2026-01-01T02:00:00+00:00"
    record_pass(koers_home, Pass("hubspot", at, (load,), requests=7))
    with timed(koers_home) as times:
        times.seconds["transform"] = 12.5

    found = parsed(write_metrics(koers_home, chosen).read_text())

    assert found["koers_last_run_success"] == {(): 1.0}
    assert found["koers_messages_pending"] == {(): 1.0}
    assert found["koers_run_part_seconds"][("part", "transform"),] == 12.5
    rows = found["koers_stream_rows"]
    assert rows[("outcome", "loaded"), ("source", "hubspot"), ("stream", "deals")] == 2
    assert rows[("outcome", "rejected"), ("source", "hubspot"), ("stream", "deals")] == 1
    assert found["koers_source_pass_timestamp_seconds"][("source", "hubspot"),] == (
        dt.datetime.fromisoformat(at).timestamp()
    )
    assert ("audience", "management") in next(iter(found["koers_publication_timestamp_seconds"]))
    assert found["koers_kpis"][("layer", "team"), ("status", "off_course")] == 1
    assert found["koers_disk_free_bytes"][()] > 0
    assert not any("north" in text or "Noord" in text for text in map(str, found.values()))


def test_an_empty_home_has_metrics_too(koers_home: Home) -> None:
    found = parsed(write_metrics(koers_home, Settings()).read_text())
    assert found["koers_last_run_success"] == {(): 0.0}
    assert "koers_last_success_timestamp_seconds" not in found


@given(st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_survives(label: str, help_text: str, value: float) -> None:
    # A surrogate is no text, and \r ends a line for the parser of Python only.
    label = label.encode(errors="ignore").decode().replace("\r", "")
    help_text = " ".join(help_text.encode(errors="ignore").decode().split())
    text = text_of([Metric("koers_x", help_text, (((("name", label),), value),))])
    [[read]] = [list(family.samples) for family in text_string_to_metric_families(text)]
    assert read.labels == {"name": label}
    assert read.value == value


def test_where_the_metrics_go(koers_home: Home, tmp_path: Path) -> None:
    chosen = Settings(metrics_file=str(tmp_path / "node" / "koers.prom"))
    assert write_metrics(koers_home, chosen) == tmp_path / "node" / "koers.prom"
    assert metrics_file(koers_home, Settings()) == koers_home.state / "metrics.prom"
    assert not list((tmp_path / "node").glob(".*")), "no draft is left for the collector"
    with pytest.raises(ValueError, match="metrics_file"):
        Settings(metrics_file="relative.prom")


def test_a_run_that_fails_is_told_and_the_success_before_stays(koers_home: Home) -> None:
    with watched(koers_home, Settings()) as times:
        TimedRunner(_Runner(), times.seconds).ingest("hubspot")
    good = last_times(koers_home)
    assert good.is_good
    assert "ingest/hubspot" in good.seconds
    with pytest.raises(KeyError), watched(koers_home, Settings()):
        raise KeyError
    bad = last_times(koers_home)
    assert not bad.is_good
    assert bad.succeeded_at == good.succeeded_at
    found = parsed((koers_home.state / "metrics.prom").read_text())
    assert found["koers_last_run_success"] == {(): 0.0}
    assert "koers_last_success_timestamp_seconds" in found


def test_a_run_that_found_another_did_not_take_place(koers_home: Home) -> None:
    with pytest.raises(BusyError), watched(koers_home, Settings()):
        raise BusyError(koers_home.run_lock, None)
    assert last_times(koers_home).failed_at is None
    assert not (koers_home.state / "metrics.prom").exists()


class _Runner:
    def ingest(self, connector: str) -> str | None:
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        return None


def status(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["status", *options])
    return done.exit_code, done.stdout


def test_the_status_has_the_form_that_is_documented(koers_home: Home) -> None:
    """`koers status --schema > docs/status.schema.json`"""
    documented = json.loads((PROJECT_DIR / "docs" / "status.schema.json").read_text())
    assert json.loads(status("--schema")[1]) == documented
    fill(koers_home)
    code, text = status("--json", "--check")
    found = json.loads(text)
    jsonschema.validate(found["monitoring"], documented)
    assert code == 0, found["monitoring"]["problems"]
    assert found["monitoring"]["last_run_age"] < 600
    assert found["monitoring"]["messages_pending"] == 1
    assert found["publication"]["file"]


def test_each_problem_has_its_exit_code(koers_home: Home) -> None:
    code, text = status("--json", "--check")
    assert code == 1
    assert [p["code"] for p in json.loads(text)["monitoring"]["problems"]] == ["nothing_published"]
    fill(koers_home)
    with pytest.raises(KeyError), timed(koers_home):
        raise KeyError
    code, text = status("--json", "--check")
    assert (code, status("--json")[0]) == (2, 0)
    assert [p["code"] for p in json.loads(text)["monitoring"]["problems"]] == ["run_failed"]
    koers_home.ledger.write_bytes(b"no ledger at all, but long enough to be looked at" * 20)
    code, text = status("--json", "--check")
    assert code == 2
    assert "unreadable" in [p["code"] for p in json.loads(text)["monitoring"]["problems"]]


@pytest.mark.fault("E10")
def test_a_home_that_nobody_runs_is_told(koers_home: Home) -> None:
    from pipelines.nights import LONGEST, write_down
    from pipelines.operations.monitoring import monitoring

    fill(koers_home)
    now = utc_now()
    write_down(koers_home, [], clock=lambda: now - LONGEST - dt.timedelta(minutes=1))
    found = monitoring(koers_home, now)
    assert found.level == "error"
    assert "run_overdue" in [problem.code for problem in found.problems]


@pytest.mark.fault("G3", "G13")
def test_json_lines_hold_no_secret_and_no_second_line(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(koers_home)
    secrets = {
        "KOERS_HUBSPOT_TOKEN": "canary/of hubspot",
        "KOERS_HOOK": "jsons://canary-of-a-channel/x",
        "KOERS_DAGSTER_POSTGRES_URL": "postgresql://koers:canary-of-postgres@127.0.0.1/koers",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KOERS_LOG", "json")
    logs._secrets.cache_clear()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    try:
        logs.begin()
        logs.say("two\nlines \x1b[31mred and canary/of hubspot")
        logging.getLogger("urllib3").warning("GET /?key=canary%2Fof%20hubspot")
        logging.getLogger("pipelines.x").info("to %s", secrets["KOERS_HOOK"])
        try:
            raise ValueError(secrets["KOERS_DAGSTER_POSTGRES_URL"])
        except ValueError:
            logging.getLogger("library").exception("failed")
    finally:
        logs._secrets.cache_clear()
        root = logging.getLogger()
        root.handlers = [each for each in root.handlers if not isinstance(each, logs._Lines)]
    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    for line in lines:
        assert "canary" not in line
        assert {"at", "level", "logger", "message", "pid"} == json.loads(line).keys()
        assert "\x1b" not in line
    assert json.loads(lines[3])["message"] == "failed (ValueError)"


def test_without_the_setting_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.say("hubspot: reading what is new")
    assert capsys.readouterr().err == "hubspot: reading what is new\n"
