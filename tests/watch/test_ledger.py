"""The ledger refuses what is not its own, and only grows."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from pipelines.watch.ledger import (
    SCHEMA_VERSION,
    LedgerError,
    open_ledger,
    published_events,
    timestamp,
    transaction,
    was_evaluated,
)

EVENT = (
    "insert into alert_events (alert_id, kpi, org_unit_id, kind, state, occurred_at, period_start, "
    "publication_id, dedup_key, detail) values ('a', 'k', 'u', 'tolerance', 'firing', "
    "'2025-07-01T00:00:00.000000+00:00', '2025-06-01', 'p', 'a#1', '{}')"
)


def test_every_commit_is_on_disk(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "state" / "l.sqlite") as ledger:
        assert ledger.execute("pragma journal_mode").fetchone()[0] == "wal"
        assert ledger.execute("pragma synchronous").fetchone()[0] == 2


@pytest.mark.fault("F6")
def test_a_newer_ledger_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "l.sqlite"
    with open_ledger(file) as ledger:
        ledger.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(LedgerError, match=r"newer Koers.*Update Koers"), open_ledger(file):
        pass
    assert file.read_bytes() == before


def test_another_sqlite_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "l.sqlite"
    other = sqlite3.connect(file)
    other.execute("create table mine (x)")
    other.close()
    with pytest.raises(LedgerError, match="no alert ledger"), open_ledger(file):
        pass


@pytest.mark.fault("A9")
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "l.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="restore a backup"), open_ledger(file):
        pass


def test_events_are_never_changed_or_removed(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.sqlite") as ledger:
        ledger.execute(EVENT)
        for change in ("update alert_events set state = 'ok'", "delete from alert_events"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                ledger.execute(change)


def test_a_transition_is_recorded_once(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.sqlite") as ledger:
        ledger.execute(EVENT)
        with pytest.raises(sqlite3.IntegrityError, match="dedup_key"):
            ledger.execute(EVENT)


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.sqlite") as ledger:
        with pytest.raises(sqlite3.IntegrityError), transaction(ledger):
            ledger.execute(f"{EVENT}, ('b', 'k', 'u', 't', 's', 'o', 'd', 'p', 'a#1', '{{}}')")
        assert ledger.execute("select count(*) from alert_events").fetchone()[0] == 0


def test_before_the_first_watch_there_is_nothing(tmp_path: Path) -> None:
    file = tmp_path / "l.sqlite"
    assert published_events(file) == []
    assert not was_evaluated(file, "p")
    assert not file.exists()


def test_times_are_utc_and_sort_as_text() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    assert timestamp(dt.datetime(2025, 7, 1, 1, tzinfo=zone)) == "2025-06-30T23:00:00.000000+00:00"
    with pytest.raises(ValueError, match="no time zone"):
        timestamp(dt.datetime(2025, 7, 1))  # noqa: DTZ001
