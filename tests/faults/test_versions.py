"""State of an older Koers is taken along, and state of a newer one refused untouched (F5, F6). The
ledgers in `golden/` are frozen: a new version of the schema adds a file and changes none."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.core.landing import Landing
from connectors.core.manifest import read_manifest
from pipelines.cli import app
from pipelines.publication import Publication, PublicationError, current, publish
from pipelines.recovery.versions import NewerStateError, check_versions, stamp
from pipelines.settings import Home
from pipelines.watch import ledger as ledger_module
from pipelines.watch.ledger import SCHEMA_VERSION, LedgerError, open_ledger
from tests.faults.failing_disk import with_failing_disk
from tests.landing.making import TOOL, csv, deal, ingest, put
from tests.publication.tiny import fact, month, warehouse

GOLDEN = Path(__file__).with_name("golden")
TABLES = {
    "alert_events": 1, "outbox": 1, "evaluations": 1, "watermarks": 1, "silences": 2,
    "action_events": 4, "expected_events": 5, "digests": 6,
}  # fmt: skip
"""By table of the ledger: the version that brought it. Each golden ledger has one row of each."""


def old_ledger(file: Path, version: int) -> Path:
    """The golden ledger of a version."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript((GOLDEN / f"ledger-{version}.sql").read_text(encoding="utf-8"))
    return file


def look(file: Path) -> tuple[int, dict[str, list[Any]], dict[str, list[str]]]:
    """The version, the rows and the columns of a ledger."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        version = connection.execute("pragma user_version").fetchone()[0]
        names = connection.execute(
            "select name from sqlite_master where type = 'table' order by name"
        ).fetchall()
        rows = {name: connection.execute(f"select * from {name}").fetchall() for (name,) in names}
        columns = {
            name: [row[1] for row in connection.execute(f"pragma table_info({name})")]
            for (name,) in names
        }
    return version, rows, columns


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(("-shm", "-wal"))
    }


@pytest.mark.fault("F5")
def test_every_version_has_a_golden_ledger() -> None:
    there = sorted(int(file.stem.split("-")[1]) for file in GOLDEN.glob("ledger-*.sql"))
    assert there == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.fault("F5")
@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_an_older_ledger_is_taken_along(tmp_path: Path, version: int) -> None:
    """Also over several versions at once; a second time changes nothing; the old one is kept."""
    file = old_ledger(tmp_path / "alerts.sqlite", version)
    with open_ledger(tmp_path / "new.sqlite"):
        pass
    before = look(file)
    for _ in range(2):
        with open_ledger(file):
            pass
        now = look(file)
        assert now[0] == SCHEMA_VERSION
        assert now[2] == look(tmp_path / "new.sqlite")[2], "as a new one is made"
        for table, since in TABLES.items():
            assert len(now[1][table]) == int(since <= version), table
    kept = tmp_path / f"alerts.version-{version}.sqlite"
    assert kept.exists() == (version < SCHEMA_VERSION)
    if kept.exists():
        assert look(kept) == before, "to go back to"


@pytest.mark.fault("F5")
@pytest.mark.parametrize("version", [1, 4])
def test_a_migration_that_is_killed_at_any_step(tmp_path: Path, version: int) -> None:
    """At every write, flush and renaming: the old or the new, and the next start goes on."""
    calm = Home(tmp_path / "calm")
    old_ledger(calm.ledger, version)
    calls = with_failing_disk("migrate", calm.root, calm.root, "kill", 0).calls
    expected = look(calm.ledger)
    assert calls > 10
    for nth in range(1, calls + 1, 4):
        home = Home(tmp_path / str(nth))
        old_ledger(home.ledger, version)
        outcome = with_failing_disk("migrate", home.root, home.root, "kill", nth)
        assert outcome.error == "killed", nth
        assert look(home.ledger)[0] in (version, SCHEMA_VERSION)
        assert not with_failing_disk("migrate", home.root, home.root, "kill", 0).error
        assert look(home.ledger) == expected, nth


@pytest.mark.fault("F5")
def test_a_migration_that_fails_on_the_copy_leaves_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = old_ledger(tmp_path / "alerts.sqlite", 3)
    before = look(file)
    steps = (*ledger_module._SCHEMA[:3], "create table broken (;", *ledger_module._SCHEMA[4:])
    monkeypatch.setattr(ledger_module, "_SCHEMA", steps)
    steps_that_fail = (*ledger_module._SCHEMA[:3], "create table outbox (x text);\n")
    monkeypatch.setattr(ledger_module, "_SCHEMA", steps_that_fail)
    with pytest.raises(LedgerError, match=r"version 3.*Nothing was changed"), open_ledger(file):
        pass
    assert look(file) == before


@pytest.mark.fault("F5")
def test_what_the_first_version_wrote_is_still_read(tmp_path: Path) -> None:
    for kind in ("load", "publication"):
        (tmp_path / kind).mkdir()
        shutil.copy(GOLDEN / f"{kind}-1.json", tmp_path / kind / "manifest.json")
    load = read_manifest(tmp_path / "load")
    assert load.counts.read == load.counts.loaded + load.counts.rejected + load.counts.duplicate
    assert Publication.read(tmp_path / "publication").audience == "organisation"


@pytest.fixture
def used(koers_home: Home) -> Home:
    """A home with a load, a publication and a ledger."""
    put(koers_home.root, TOOL, "a.csv", csv([deal(1)]))
    ingest(koers_home.root)
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    with open_ledger(koers_home.ledger):
        pass
    stamp(koers_home)
    return koers_home


def newer(home: Home, what: str) -> Path:
    """Make a part of the home look as a newer Koers would have written it."""
    if what == "ledger":
        with contextlib.closing(sqlite3.connect(home.ledger)) as connection:
            connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
        return home.ledger
    publication = current(home)
    assert publication is not None
    file, name = {
        "load": (next(home.landing.glob("*/*/load=*/manifest.json")), "manifest_version"),
        "publication": (publication.file.parent / "manifest.json", "manifest_version"),
        "tables": (publication.file.parent / "manifest.json", "schema_version"),
        "home": (home.state / "home.json", "version"),
    }[what]
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, name: content[name] + 1}), encoding="utf-8")
    return file


@pytest.mark.fault("F6")
@pytest.mark.parametrize("what", ["ledger", "load", "publication", "tables", "home"])
@pytest.mark.parametrize("command", [["run"], ["rebuild"], ["publish"], ["publish", "--rollback"]])
def test_a_home_of_a_newer_koers_is_refused_untouched(
    used: Home, what: str, command: list[str]
) -> None:
    file = newer(used, what)
    before = digest(used.root)
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 1, said.output
    assert str(file) in said.output
    assert "newer Koers" in said.output
    assert "Update Koers" in said.output
    assert digest(used.root) == before


@pytest.mark.fault("F6")
def test_the_parts_refuse_too(used: Home) -> None:
    """Who comes another way than by the command line."""
    check_versions(used)
    newer(used, "load")
    with pytest.raises(NewerStateError, match="manifest_version 2, this Koers knows 1"):
        check_versions(used)
    with pytest.raises(Exception, match="Use the Koers that wrote it"):
        Landing(used.landing).newest("tool", "deals")
    newer(used, "publication")
    with pytest.raises(PublicationError, match="newer Koers"):
        current(used)


@pytest.mark.fault("F6")
def test_settings_of_a_newer_koers_are_refused_by_their_field(used: Home) -> None:
    used.settings_file.write_text("a_field_of_tomorrow: 1\n", encoding="utf-8")
    before = digest(used.root)
    said = CliRunner().invoke(app, ["run"])
    assert said.exit_code == 1
    assert "a_field_of_tomorrow" in said.output
    assert digest(used.root) == before
