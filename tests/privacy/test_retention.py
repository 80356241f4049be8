"""What was kept long enough goes, no figure changes by it, and what is on hold stays."""

from __future__ import annotations

import datetime as dt
import json
import signal

import duckdb
import pytest

from connectors.core.discover import discover
from connectors.core.landing import Landing
from connectors.core.manifest import read_manifest
from pipelines import publishing
from pipelines.privacy.retention import Removed, keep, keep_nightly
from pipelines.settings import Home, Retention, Settings
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from tests.landing.making import landed
from tests.privacy.making import EMPLOYEE, LATER, NOW, UNIT, lineage_of_contacts
from tests.zygote import forked


def run(home: Home, now: dt.datetime = LATER, is_dry: bool = False, **rules: object) -> Removed:
    chosen = Settings(retention=Retention.model_validate(rules))
    return keep(home, chosen, now, lambda _: None, is_dry=is_dry)


def staged(home: Home) -> None:
    """A staging model of contacts and its lineage, as dbt makes them."""
    parts = [str(part) for part in Landing(home.landing).parts("hubspot", "contacts")]
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(
            "create or replace table stg_hubspot__contacts as select record_id, updated_at, "
            "is_deleted, load_id, cast(null as varchar) as quarantine_reason from read_parquet(?)",
            [parts],
        )
    lineage_of_contacts(home)


@pytest.mark.fault("H5")
def test_after_a_year_files_rejected_rows_and_texts_go_and_records_stay(home: Home) -> None:
    staged(home)
    with open_ledger(home.ledger) as ledger, transaction(ledger):
        ledger.execute("update outbox set sent_at = ?", [timestamp(NOW)])
    hubspot = discover()["hubspot"]
    before = landed(home.root, hubspot, "contacts"), landed(home.root, hubspot, "deals")

    counted = run(home, is_dry=True, individual_months=None)
    removed = run(home, individual_months=None)

    assert counted.of == {
        "archived files": 5, "rejected rows": 1, "superseded versions": 3, "texts of messages": 1,
        "logs": 1,
    }  # fmt: skip
    assert removed.of == counted.of
    assert (landed(home.root, hubspot, "contacts"), landed(home.root, hubspot, "deals")) == before
    assert not list((home.inbox / "archive").glob("*/*"))
    assert not list(home.landing.rglob("rejects-*"))
    with open_ledger(home.ledger) as ledger:
        assert [*ledger.execute("select title, body from outbox").fetchone()] == ["", ""]
    for file in home.landing.rglob("manifest.json"):
        manifest = read_manifest(file.parent)
        assert manifest.counts.loaded == sum(part.rows for part in manifest.parts)
        assert sum(file.loaded for file in manifest.files) == manifest.counts.loaded
    assert run(home, individual_months=None).of == {}  # again: nothing


@pytest.mark.fault("H5")
def test_killed_in_between_the_next_pass_ends_it(home: Home) -> None:
    killed = forked(
        "tests.privacy.keeping_child", str(home.root), KOERS_FAILPOINT="retention.after_rejected"
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not list(home.landing.rglob("rejects-*"))
    for file in home.landing.rglob("manifest.json"):
        held = read_manifest(file.parent)
        assert held.bytes == sum(part.bytes for part in held.parts)
    assert run(home, individual_months=None).of == {"logs": 1}  # which come last
    assert run(home, individual_months=None).of == {}


@pytest.mark.fault("H5")
def test_before_its_time_nothing_goes(home: Home) -> None:
    staged(home)
    assert run(home, NOW + dt.timedelta(days=80), individual_months=36).of == {}


@pytest.mark.fault("H5")
def test_what_is_on_hold_stays(home: Home) -> None:
    staged(home)
    held = ["hubspot", "surveys", "hr", "messages", "individual", "logs"]
    assert run(home, hold=held).of == {}
    held = ["hubspot.contacts", "files", "individual"]
    assert run(home, hold=held).of == {"rejected rows": 1, "logs": 1}


@pytest.mark.fault("H5")
def test_figures_of_single_persons_end_and_those_of_units_stay(home: Home) -> None:
    def published() -> tuple[int, int]:
        with duckdb.connect(str(home.publication()), read_only=True) as db:
            rows = db.execute("select org_unit_id from fct_kpi_values").fetchall()
        return sum(row == (UNIT,) for row in rows), sum(row == ("north",) for row in rows)

    assert published() == (1, 2)
    removed = run(home, individual_months=6, hold=["files"])
    assert published() == (0, 2)
    assert removed.of["said figures of single persons"] == 3
    assert removed.of["alerts on single persons"] == 1
    assert removed.of["publications with older figures of single persons"] == 1
    with open_ledger(home.ledger) as ledger:
        units = ledger.execute("select org_unit_id from alert_events").fetchall()
    assert [row[0] for row in units] == ["noord"]

    made = publishing.publish_all(home, run_id="next", clock=lambda: LATER)
    assert published() == (0, 2)
    assert made.made


@pytest.mark.fault("H5")
def test_a_history_that_ends_takes_its_records_and_builds_anew(home: Home) -> None:
    last = home.state / "last_build.json"
    last.write_text(json.dumps({"inputs": {"models": "m", "landing": "l"}}))
    rules = {"landing_months": 13, "hold": ["files", "rejected", "individual", "logs"]}
    assert run(home, NOW, **rules).of == {}
    removed = run(home, dt.datetime(2027, 5, 24, tzinfo=dt.UTC), **rules)
    assert removed.of["records from before the history"] > 5
    days = [json.loads(r)["closed_at"] for r in landed(home.root, discover()["hubspot"]).values()]
    assert days
    assert min(day for day in days if day) >= "2026-04-01"
    assert json.loads(last.read_text()) == {"inputs": {"landing": "l"}}


def test_a_night_does_it_once_and_tells(home: Home) -> None:
    rules = Settings()
    assert keep_nightly(home, rules, LATER, lambda _: None).of
    report = json.loads((home.state / "privacy" / "retention.json").read_text())
    assert report["nights"][0]["archived files"] == 5
    (home.inbox / "archive" / "hr" / "20200101T000000000000Z__old.csv").write_text("x")
    assert keep_nightly(home, rules, LATER, lambda _: None).of == {}
    assert EMPLOYEE not in json.dumps(report)
