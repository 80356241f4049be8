"""What a nightly run decides, with a runner that only notes what it is asked."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import inputs, records
from pipelines.defs.runner import DbtProgress
from pipelines.lock import BusyError, held
from pipelines.nightly import NightlyResult, RunFailedError, nightly
from pipelines.passes import Pass
from pipelines.settings import Home, Settings
from tests.publication.tiny import fact, month, warehouse


class Notes:
    """Ingest: every file of a connector becomes a load and goes. Transform: a publication."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.asked: list[str] = []
        self.dead: set[str] = set()
        self.broken: str | None = None
        self.keeps_files = False
        self.arriving: Path | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Notes]:
        self.asked.append("open")
        yield self

    def ingest(self, connector: str) -> str | None:
        self.asked.append(connector)
        if connector in self.dead:
            return f"{connector} is dead"
        for file in list((self.home.inbox / connector).iterdir()):
            load = self.home.landing / connector / "deals" / f"load={file.stat().st_mtime_ns}"
            load.mkdir(parents=True, exist_ok=True)
            if not self.keeps_files:
                file.unlink()
        if self.arriving:
            self.arriving.write_text("new")
        records.write(
            records.ingest_record(self.home, connector),
            {"connector": connector, "at": "now", "loads": [], "refused": []},
        )
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        from pipelines.publication import publish

        self.asked.append("full" if full_refresh else "build")
        if self.broken:
            return self.broken
        file = warehouse(self.home.warehouse, [fact("revenue", "org", month(1), 99.0, "on_course")])
        publish(file, self.home, run_id="test", keep=2)
        return None


@pytest.fixture
def notes(koers_home: Home) -> Notes:
    return Notes(koers_home)


def drop(home: Home, connector: str, name: str = "deals.csv") -> Path:
    file = home.inbox / connector / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("content")
    return file


def run(notes: Notes, settings: Settings | None = None, **options: bool) -> NightlyResult:
    notes.asked.clear()
    chosen = settings or Settings()
    return nightly(notes.home, chosen, ["crm", "surveys"], notes.open, **options)


def test_without_input_nothing_is_started(notes: Notes) -> None:
    assert run(notes) == NightlyResult()
    assert notes.asked == []


def test_what_is_new_is_read_built_once_and_then_left_alone(notes: Notes) -> None:
    drop(notes.home, "crm")
    first = run(notes)
    assert notes.asked == ["open", "crm", "full"]
    assert first.built
    assert first.ingested == {"crm": Pass("crm", "now")}
    assert not run(notes).built
    assert notes.asked == []
    drop(notes.home, "surveys")
    assert run(notes).built
    assert notes.asked == ["open", "surveys", "build"]


def test_files_that_stay_are_read_again_only_when_they_change(notes: Notes) -> None:
    notes.keeps_files = True
    file = drop(notes.home, "crm")
    run(notes)
    run(notes)
    assert notes.asked == []
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))
    run(notes)
    assert notes.asked == ["open", "crm", "build"]


@pytest.mark.fault("B23")
def test_a_dead_connector_stops_no_other_and_is_asked_again(notes: Notes) -> None:
    drop(notes.home, "crm")
    drop(notes.home, "surveys")
    notes.dead = {"crm"}
    result = run(notes)
    assert notes.asked == ["open", "crm", "surveys", "full"]
    assert result.failed == {"crm": "crm is dead"}
    assert result.built
    run(notes)
    assert notes.asked == ["open", "crm"]
    notes.dead = set()
    assert run(notes).built


def test_a_file_that_comes_during_the_run_is_taken_by_the_next(notes: Notes) -> None:
    drop(notes.home, "crm")
    notes.arriving = notes.home.inbox / "crm" / "later.csv"
    run(notes)
    notes.arriving = None
    run(notes)
    assert notes.asked == ["open", "crm", "build"]


@pytest.mark.fault("F8")
def test_a_build_that_failed_is_done_again(notes: Notes) -> None:
    drop(notes.home, "crm")
    notes.broken = "a test failed"
    with pytest.raises(RunFailedError, match="a test failed"):
        run(notes)
    notes.broken = None
    assert run(notes).built


@pytest.mark.fault("D10")
def test_other_settings_or_models_mean_a_full_refresh(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(notes.home, "crm")
    run(notes)
    run(notes, Settings(currency="USD"))
    assert notes.asked == ["open", "full"]
    monkeypatch.setattr(inputs, "project_hash", lambda: "another model")
    run(notes, Settings(currency="USD"))
    assert notes.asked == ["open", "full"]


@pytest.mark.parametrize(
    ("other", "builds"),
    [
        ({"fiscal_year_starts": 4}, True),
        ({"machine_opens": "count"}, True),
        ({"false_alarm_budget": 2}, True),
        ({"end_date": "2026-01-31"}, True),
        ({"keep_publications": 2}, False),
        ({"nightly_at": "03:00"}, False),
        ({"alerts": {"language": "en"}}, False),
    ],
)
def test_a_setting_that_concerns_the_facts_builds_them_anew(
    notes: Notes, other: dict[str, Any], builds: bool
) -> None:
    drop(notes.home, "crm")
    run(notes)
    assert run(notes, Settings(**other)).built is builds


def test_a_lost_publication_is_made_again(notes: Notes) -> None:
    drop(notes.home, "crm")
    run(notes)
    notes.home.publication().unlink()
    assert run(notes).built


def test_asked_for_a_full_refresh_is_one(notes: Notes) -> None:
    drop(notes.home, "crm")
    run(notes)
    run(notes, full_refresh=True)
    assert notes.asked == ["open", "full"]


@pytest.mark.fault("F1")
def test_one_run_at_a_time(notes: Notes) -> None:
    with held(notes.home.run_lock, "another run"), pytest.raises(BusyError, match="another run"):
        run(notes)


def test_progress_of_dbt_is_told_in_quarters_and_failures_at_once() -> None:
    told = io.StringIO()
    progress = DbtProgress(told)
    progress.write("1 of 1 OK hook: koers.on-run-start.0 [OK in 0.1s]\n")
    for number in range(1, 9):
        progress.write(f"\x1b[0m{number} of 8 START test some_test\n{number} of 8 ")
        progress.write("FAIL 7 some_test [FAIL 7]\n" if number == 3 else "PASS some_test\n")
    lines = told.getvalue().splitlines()
    assert lines == [
        "dbt: 1 of 1",
        "dbt: 2 of 8",
        "3 of 8 FAIL 7 some_test [FAIL 7]",
        "dbt: 4 of 8",
        "dbt: 6 of 8",
        "dbt: 8 of 8",
    ]
