"""What Koers writes, each in a home of its own: how it begins, and what must hold afterwards,
whatever the disk refused. `python -m tests.faults.disk_cases` lets every single call fail, which
takes minutes; the tests let some of each fail."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.durable import sha256
from connectors.core.landing import Landing
from pipelines import records
from pipelines.publication import current, publish
from pipelines.publishing import wrong_files
from pipelines.said.parts import statements
from pipelines.said.recording import folder_of
from pipelines.settings import Home
from pipelines.small_groups import read_shown, remember
from tests.faults.failing_disk import KINDS, Outcome, with_failing_disk
from tests.landing.making import LISTS, TOOL, landed, leftovers
from tests.landing.test_crash import fill
from tests.publication.tiny import fact, month, warehouse


@dataclass(frozen=True)
class Case:
    """begin: makes the home. done: whether the scenario has done its work, of a home in which
    everything is whole (asserted); told: the errors by which a refusal is told; passes_over:
    whether a flush may fail without an error. SQLite's do: that of the folder, and those that move
    what is committed out of the write-ahead log, which then stays."""

    begin: Callable[[Home], None]
    done: Callable[[Home], bool]
    told: str
    passes_over: bool = False


def _fill(home: Home) -> None:
    fill(home.root)


def _landed(home: Home) -> bool:
    landing = Landing(home.landing)
    for connector, stream in ((TOOL, "deals"), (TOOL, "visits"), (LISTS, "units")):
        for manifest in landing.manifests(connector.name, stream):
            folder = landing.load_folder(connector.name, stream, manifest.load_id)
            for part in manifest.parts:
                assert sha256(folder / part.name) == part.sha256, "a committed load is whole"
    found = [len(landed(home.root, c, s)) for c, s in ((TOOL, "deals"), (TOOL, "visits"))]
    inbox = [file for file in home.inbox.glob("[!a]*/*") if file.is_file()]
    archived = list(home.inbox.glob("archive/**/*.csv"))
    assert len(inbox) + len(archived) == 4, "no file of a person is lost"
    is_done = [*found, len(landed(home.root, LISTS, "units"))] == [3, 1, 1] and not inbox
    return is_done and not leftovers(home.root)


def _revenue(home: Home, value: float) -> None:
    warehouse(home.warehouse, [fact("revenue", "north", month(5), value, "on_course")])


def _published_one(home: Home) -> None:
    _revenue(home, 1.0)
    publish(home.warehouse, home, run_id="r", keep=2)
    _revenue(home, 2.0)


def _is_published(home: Home) -> bool:
    now = current(home)
    assert now is not None, "what was published stands"
    assert not list(wrong_files(now))
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        row = db.execute("select kpi_value from fct_kpi_status").fetchone()
    assert row in [(1.0,), (2.0,)]
    with_it = json.loads((home.publication().parent / "manifest.json").read_text(encoding="utf-8"))
    return row == (2.0,) and with_it["publication_id"] == now.publication_id


def _told_one(home: Home) -> None:
    from pipelines.engineers import tell_engineers
    from tests.faults.disk_child import CHOSEN

    tell_engineers(home, CHOSEN, "first", "first", "first")


def _is_told(home: Home) -> bool:
    with contextlib.closing(sqlite3.connect(home.ledger)) as ledger:
        assert ledger.execute("pragma integrity_check").fetchall() == [("ok",)]
        rows = ledger.execute("select title from outbox order by message_id").fetchall()
    assert rows[0] == ("first",)
    assert len(rows) <= 2
    return len(rows) == 2


def _to_be_said(home: Home) -> None:
    _published_one(home)
    publish(home.warehouse, home, run_id="r", keep=2)


def _is_said(home: Home) -> bool:
    folder = folder_of(home)
    said = statements(folder)
    for statement in said:
        file = str(folder / statement.said_id / "values.parquet")
        assert duckdb.execute("select count(*) from read_parquet(?)", [file]).fetchone()
    return len(said) == 2


def _noted(home: Home) -> None:
    records.write(records.last_build(home), {"at": "old"})
    remember(home.shown_groups, 5, {"a group": {"2025-01-01": ["old"]}})


def _is_noted(home: Home) -> bool:
    at = records.read(records.last_build(home))["at"]
    shown = read_shown(home.shown_groups)["5"]["a group"]["2025-01-01"]
    assert at in ("old", "new")
    assert shown in (["old"], ["new", "old"])
    return at == "new" and shown == ["new", "old"]


CASES = {
    "land": Case(_fill, _landed, "DiskError OSError IOException"),
    "put_out": Case(_published_one, _is_published, "PublicationError"),
    "tell": Case(_told_one, _is_told, "LedgerError", passes_over=True),
    "say": Case(_to_be_said, _is_said, "SaidError"),
    "note": Case(_noted, _is_noted, "OSError"),
}


def calls_of(scenario: str, kind: str, at: Path) -> int:
    """How many calls of a kind the scenario makes."""
    home = Home(at)
    CASES[scenario].begin(home)
    calm = with_failing_disk(scenario, home.root, home.root, kind, 0)
    assert not calm.error, calm.error
    assert CASES[scenario].done(home)
    return calm.calls


def try_one(scenario: str, kind: str, nth: int, at: Path, *, sticky: bool = False) -> Outcome:
    """Let the nth call fail, look, run again on a good disk, and look again. Raises AssertionError
    where anything is lost, half, or passed over in silence."""
    case, home = CASES[scenario], Home(at)
    case.begin(home)
    outcome = with_failing_disk(scenario, home.root, home.root, kind, nth, sticky=sticky)
    where = f"{scenario}, {kind}, call {nth}: {outcome.error or 'no error'}"
    assert outcome.hits, f"{where}: nothing failed"
    is_done = case.done(home)
    if outcome.error:
        assert outcome.error.split(":")[0] in case.told.split(), where
        assert str(home.root) in outcome.error, f"{where}: it does not say where"
    else:
        assert is_done, f"{where}: it says that it succeeded, and did not"
        assert kind != "flush" or case.passes_over, f"{where}: a flush that failed was passed over"
    again = with_failing_disk(scenario, home.root, home.root, kind, 0)
    assert not again.error, f"{where}; again: {again.error}"
    assert case.done(home), f"{where}; and the next run does not mend it"
    return outcome


def every(kind: str, scenario: str, at: Path, step: int = 1) -> Iterator[Outcome]:
    """Try every step-th call of a scenario, the last one included."""
    calls = calls_of(scenario, kind, at / "calm")
    for nth in sorted({*range(1, calls + 1, step), calls}):
        folder = at / str(nth)
        yield try_one(scenario, kind, nth, folder)
        shutil.rmtree(folder)


if __name__ == "__main__":
    os.environ.setdefault("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)
    wrong = tried = 0
    for name in sys.argv[1:] or CASES:
        for kind in KINDS:
            with tempfile.TemporaryDirectory(prefix="koers-disk-") as folder:
                calls = calls_of(name, kind, Path(folder) / "calm")
                for nth in range(1, calls + 1):
                    tried += 1
                    try:
                        try_one(name, kind, nth, Path(folder) / str(nth))
                    except AssertionError as error:
                        wrong += 1
                        print(error)
            print(f"{name}, {kind}: {calls} calls failed, one at a time", flush=True)
    print(f"{tried} failures, {wrong} not survived")
    sys.exit(wrong > 0)
