"""State that is broken, stale, or of an older backup: put aside or seen through, made again from
what is whole, told once, and no night fails for it twice (faults A9, A10 and A11)."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.core.damage import damaged
from connectors.core.errors import LandingDamagedError
from connectors.core.landing import Landing
from pipelines import records
from pipelines.defs.dead_runs import end_dead_runs
from pipelines.nightly import NightlyResult, RunFailedError, nightly
from pipelines.nights import last_run
from pipelines.passes import last_pass
from pipelines.publication import current, publish, snapshots
from pipelines.publishing import wrong_files
from pipelines.recovery.dagster import mend_dagster
from pipelines.recovery.ledger import mend_ledger
from pipelines.recovery.quarantine import KEPT, put_aside
from pipelines.recovery.warehouse import damage
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.warehouse import make_ready, quarantine
from pipelines.watch.acts import acknowledge
from pipelines.watch.ledger import open_alerts, open_ledger, published_events
from pipelines.watch.watching import watch
from tests.landing.making import LISTS, NOW, TOOL, csv, deal, ingest, landed, put
from tests.publication.tiny import fact, month, warehouse

CHOSEN = Settings(
    alerts=Alerts(channels=[Channel(name="engineers", url_env="NOWHERE", owners=["data"])])
)


class Builder:
    """A runner that builds the tiny warehouse, by adding to it as an incremental build would."""

    def __init__(self, home: Home) -> None:
        self.home, self.built, self.damages = home, [], 0

    @contextlib.contextmanager
    def open(self) -> Iterator[Builder]:
        yield self

    def ingest(self, connector: str) -> str | None:
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        self.built.append("full" if full_refresh else "build")
        make_ready(self.home.warehouse)
        rows = [fact("revenue", "north", month(m), 1.0 * m, "on_course") for m in (1, 2)]
        try:
            if not self.home.warehouse.exists():
                warehouse(self.home.warehouse, rows)
            with duckdb.connect(str(self.home.warehouse)) as db:
                db.execute("select bit_xor(hash(each)) from fct_kpi_status as each")
        except duckdb.Error as error:
            return f"dbt build failed: {error}"
        publish(self.home.warehouse, self.home, run_id="r", keep=2)
        return None


@pytest.fixture
def home(koers_home: Home) -> Home:
    (koers_home.landing / "tool" / "deals" / "load=1").mkdir(parents=True)
    return koers_home


def night(home: Home, builder: Builder, said: list[str] | None = None) -> NightlyResult:
    say = (lambda _: None) if said is None else said.append
    return nightly(home, CHOSEN, [], builder.open, progress=say)


def mail(home: Home) -> list[str]:
    with open_ledger(home.ledger) as ledger:
        return [row["body"] for row in ledger.execute("select body from outbox")]


def flip(file: Path, at: int, length: int = 64) -> None:
    """Write other bytes in the middle of a file."""
    with file.open("r+b") as handle:
        handle.seek(at)
        old = handle.read(length)
        handle.seek(at)
        handle.write(bytes(byte ^ 0xFF for byte in old))


@pytest.mark.fault("A9")
def test_a_warehouse_broken_in_the_middle_is_built_again_without_being_asked(home: Home) -> None:
    builder, said = Builder(home), []
    night(home, builder)
    with duckdb.connect(str(home.warehouse)) as db:  # so much that it is in blocks of its own
        db.execute("insert into fct_kpi_status (kpi) select 'x' || range from range(200000)")
    flip(home.warehouse, home.warehouse.stat().st_size - 40_000, 2_000)
    duckdb.connect(str(home.warehouse), read_only=True).close()  # opening it tells nothing
    assert "checksum" in str(damage(home.warehouse))
    (home.landing / "tool" / "deals" / "load=2").mkdir()

    night(home, builder, said)

    assert builder.built == ["full", "build", "full"]
    assert [line for line in said if "is broken" in line and "built again" in line]
    assert damage(home.warehouse) is None
    assert len(list((home.warehouse.parent / "quarantine").iterdir())) == 1
    assert len(mail(home)) == 1
    night(home, builder)
    assert len(builder.built) == 3, "the next night has nothing to do"
    assert len(mail(home)) == 1


@pytest.mark.fault("A9")
def test_a_build_that_fails_on_a_whole_warehouse_is_not_tried_twice(home: Home) -> None:
    builder = Builder(home)
    night(home, builder)
    (home.landing / "tool" / "deals" / "load=2").mkdir()
    builder.transform = lambda **_: builder.built.append("fails") or "a test failed"  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(RunFailedError, match="a test failed"):
        night(home, builder)
    assert builder.built == ["full", "fails"]
    assert home.warehouse.exists()


@pytest.mark.fault("A9", "A10")
@pytest.mark.parametrize("seed", range(12))
def test_a_log_that_is_cut_flipped_or_of_another_file(tmp_path: Path, seed: int) -> None:
    """Whatever stands beside it, the warehouse opens with whole transactions, or is put aside with
    its log; three starts in a row."""
    chance, file = random.Random(seed), tmp_path / "koers.duckdb"  # noqa: S311 - no secret
    with contextlib.closing(duckdb.connect(str(file))) as db:
        db.execute("create table t as select range as n from range(5)")
        db.execute("checkpoint")
        db.execute("pragma disable_checkpoint_on_shutdown")
        for _ in range(5):
            db.execute("insert into t select range from range(5)")
    log = file.with_name("koers.duckdb.wal")
    content = log.read_bytes()
    kind = ("cut", "flipped", "stale")[seed % 3]
    if kind == "cut":
        log.write_bytes(content[: chance.randrange(len(content))])
    elif kind == "flipped":
        flip(log, chance.randrange(len(content)), 1)
    else:  # the file was swapped, and the log of the old one stayed
        other = tmp_path / "other.duckdb"
        with duckdb.connect(str(other)) as db:
            db.execute("create table t as select range as n from range(7)")
        other.replace(file)
    for start in range(3):
        aside = make_ready(file)
        if aside is not None:
            assert start == 0, "put aside once"
            assert kind != "cut"
            assert aside.exists()
            assert (aside.parent / log.name).exists(), "they stay together"
            break
        with duckdb.connect(str(file)) as db:
            rows = db.execute("select count(*) from t").fetchone()
        assert rows is not None
        assert rows[0] in ({7} if kind == "stale" else {5, 10, 15, 20, 25, 30})
    else:
        assert kind != "stale", "a stale log is never taken in"
    if aside is not None:
        assert not log.exists()


@pytest.mark.fault("A10")
def test_a_log_without_its_file_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "koers.duckdb.wal"
    log.write_bytes(b"of a file that is gone")
    assert make_ready(tmp_path / "koers.duckdb") is not None
    assert not log.exists()


@pytest.mark.fault("A9", "G19")
def test_only_the_newest_few_are_kept_aside(tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        file = tmp_path / "koers.duckdb"
        file.write_text(str(number))
        quarantine(file)
        other = tmp_path / "other"
        other.write_text("x")
        put_aside(tmp_path / "quarantine", [other], "other")
    kept = sorted((tmp_path / "quarantine").glob("*/koers.duckdb"))
    assert [file.read_text() for file in kept] == ["2", "3", "4"]
    assert len(list((tmp_path / "quarantine").glob("*/other"))) == KEPT


def off_course(home: Home, number: int) -> None:
    """A publication in which north is off course since May."""
    status = [(m, "off_course" if m > 4 else "on_course") for m in range(3, number + 1)]
    rows = [fact("revenue", "north", month(m), 50.0, said) for m, said in status]
    warehouse(home.warehouse, rows)
    publish(home.warehouse, home, run_id="r", keep=3, alert_events=published_events(home.ledger))


def judged(home: Home) -> None:
    publication = current(home)
    assert publication is not None
    watch(publication, home.ledger, CHOSEN.alerts.channels)


@pytest.fixture
def alerted(koers_home: Home) -> Home:
    """An alert that fired and was acknowledged, of which the newest publication tells."""
    for number in (4, 5, 6):
        off_course(koers_home, number)
        judged(koers_home)
    with open_ledger(koers_home.ledger) as ledger:
        row = ledger.execute("select alert_id from alert_events order by event_id").fetchone()
    acknowledge(koers_home.ledger, row["alert_id"], "noor", "we know")
    off_course(koers_home, 6)
    return koers_home


def states(home: Home) -> list[tuple[str, str]]:
    with open_ledger(home.ledger) as ledger:
        rows = ledger.execute("select dedup_key, state from alert_events order by event_id")
        return [tuple(row) for row in rows]


@pytest.mark.fault("A9")
@pytest.mark.parametrize("kind", ["head", "junk", "pages"])
def test_a_broken_ledger_keeps_its_open_alerts(alerted: Home, kind: str) -> None:
    before, open_before = states(alerted), open_alerts(alerted.ledger)
    assert open_before
    content = alerted.ledger.read_bytes()
    if kind == "head":
        alerted.ledger.write_bytes(b"\0" * 100 + content[100:])
    elif kind == "junk":
        alerted.ledger.write_bytes(b"no database at all" * 500)
    else:
        flip(alerted.ledger, 4096, len(content) - 8192)
    said = mend_ledger(alerted)
    assert said is not None
    assert str(alerted.ledger) in said
    assert "koers alerts list" in said
    assert states(alerted) == before, "to the last transition, in their order"
    assert open_alerts(alerted.ledger) == open_before
    kept = list((alerted.state / "quarantine").glob("*-ledger/alerts.sqlite"))
    assert len(kept) == 1
    assert not list(alerted.state.glob("*-wal")), "no log of the old one lies beside it"
    assert mend_ledger(alerted) is None, "once"
    judged(alerted)
    assert states(alerted) == before, "what is known is not told as new"


@pytest.mark.fault("A9")
def test_what_only_the_ledger_knew_comes_back_where_it_can_be_read(alerted: Home) -> None:
    with open_ledger(alerted.ledger) as ledger:
        ledger.execute(
            "insert into silences (since, until, by, reason, created_at) values "
            "('2025-01-01', '2030-01-01', 'noor', 'a move', '2025-01-01')"
        )
        ledger.execute("pragma wal_checkpoint(truncate)")
        row = ledger.execute(
            "select rootpage from sqlite_master where name = 'alert_events'"
        ).fetchone()
    flip(alerted.ledger, (row[0] - 1) * 4096, 4096)
    before = [event[8] for event in published_of(alerted)]
    assert mend_ledger(alerted) is not None
    assert [key for key, _ in states(alerted)] == before
    with open_ledger(alerted.ledger) as ledger:
        assert ledger.execute("select reason from silences").fetchone()["reason"] == "a move"


def published_of(home: Home) -> list[tuple[str, ...]]:
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        return db.execute("from fct_alert_events").fetchall()


@pytest.mark.fault("A9")
def test_a_night_mends_the_ledger_and_tells_it(home: Home) -> None:
    builder, said = Builder(home), []
    night(home, builder)
    with open_ledger(home.ledger):
        pass
    home.ledger.write_bytes(b"no database at all" * 500)
    night(home, builder, said)
    assert any("The alert ledger" in line and "was broken" in line for line in said)
    assert len(mail(home)) == 1
    assert builder.built == ["full", "build"], "and what it may not have judged is judged"


@pytest.mark.fault("A9")
@pytest.mark.parametrize("kind", ["file", "parquet", "manifest", "older manifest"])
def test_a_broken_publication_is_published_again(home: Home, kind: str) -> None:
    builder, said = Builder(home), []
    night(home, builder)
    publish(home.warehouse, home, run_id="r", keep=2)
    newest, older = snapshots(home)
    spoiled = {
        "file": newest.file,
        "parquet": newest.file.parent / "parquet" / "dim_kpi.parquet",
        "manifest": newest.file.parent / "manifest.json",
        "older manifest": older.file.parent / "manifest.json",
    }[kind]
    spoiled.chmod(0o644)
    if spoiled.suffix == ".json":
        spoiled.write_text('{"publication_id": "2026', encoding="utf-8")
    else:
        flip(spoiled, spoiled.stat().st_size // 2, 20)

    assert night(home, builder, said).built
    now = current(home)
    assert now is not None
    assert now.publication_id > newest.publication_id
    assert not list(wrong_files(now))
    assert str(spoiled) in "\n".join(said)
    assert all(not list(wrong_files(each)) for each in snapshots(home)), "what is kept is whole"
    assert not night(home, builder).built, "once"


@pytest.mark.fault("A9")
def test_a_broken_store_of_dagster_begins_anew(koers_home: Home) -> None:
    import dagster as dg

    from pipelines import dagster_home

    dagster_home.prepare(koers_home)

    def use() -> int:
        with dg.DagsterInstance.from_config(str(koers_home.dagster)) as instance:
            end_dead_runs(instance)
            instance.create_run_for_job(dg.GraphDefinition(name="g").to_job())
            return instance.get_runs_count()

    assert use() == 1
    assert mend_dagster(koers_home) is None
    runs = koers_home.dagster / "history" / "runs.db"
    runs.write_bytes(b"no database at all" * 500)
    said = mend_dagster(koers_home)
    assert said is not None
    assert str(runs) in said
    assert use() == 1, "a history of its own"
    kept = list((koers_home.state / "quarantine").glob("*-dagster/history/runs.db"))
    assert len(kept) == 1


@pytest.mark.fault("A9")
@pytest.mark.parametrize("content", [b"", b'{"at": "20', b"\xff\xfe\0", b"[1, 2]", b'{"at": "x"}'])
def test_a_broken_record_costs_a_build_and_no_night(home: Home, content: bytes) -> None:
    builder = Builder(home)
    night(home, builder)
    night(home, builder)
    assert len(builder.built) == 1
    records.ingest_record(home, "tool").parent.mkdir(exist_ok=True)
    for file in (
        records.last_build(home), records.last_run(home), records.ingest_record(home, "tool"),
        home.state / "kept_back.json",
    ):  # fmt: skip
        file.write_bytes(content)
    assert last_pass(home, "tool") is None
    assert last_run(home) is None
    night(home, builder)
    assert len(builder.built) == 2
    night(home, builder)
    assert len(builder.built) == 2


@pytest.mark.fault("A9")
def test_a_broken_manifest_stops_its_stream_only(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]))
    put(tmp_path, LISTS, "u.csv", "unit_id,title\nnoord,Noord\n")
    ingest(tmp_path)
    ingest(tmp_path, LISTS)
    landing = Landing(tmp_path / "landing")
    load = landing.load_folder("tool", "deals", landing.load_ids("tool", "deals")[0])
    (load / "manifest.json").write_text("{", encoding="utf-8")
    put(tmp_path, TOOL, "b.csv", csv([deal(2)]))
    put(tmp_path, LISTS, "u.csv", "unit_id,title\nzuid,Zuid\n")
    with pytest.raises(LandingDamagedError, match=r"manifest\.json cannot be read.*move"):
        ingest(tmp_path)
    ingest(tmp_path, LISTS)
    assert set(landed(tmp_path, LISTS, "units")) >= {"zuid"}
    assert (tmp_path / "inbox" / "tool" / "b.csv").exists(), "no file is lost by it"
    said = list(damaged(tmp_path / "landing"))
    assert len(said) == 1
    assert str(load / "manifest.json") in said[0]


@pytest.mark.fault("A9")
def test_a_broken_part_of_a_load_is_named_with_what_to_do(home: Home) -> None:
    shutil.rmtree(home.landing)
    put(home.root, TOOL, "a.csv", csv([deal(n) for n in range(50)]))
    ingest(home.root)
    assert not list(damaged(home.landing))
    (part,) = Landing(home.landing).parts("tool", "deals")
    flip(part, part.stat().st_size // 2, 8)
    builder = Builder(home)
    builder.transform = lambda **_: "dbt build failed"  # type: ignore[method-assign]
    with pytest.raises(RunFailedError, match="checksum differs") as told:
        night(home, builder)
    assert str(part) in str(told.value)
    assert "koers backfill" in str(told.value)
    part.unlink()
    assert [line for line in damaged(home.landing) if "is gone" in line]


@pytest.mark.fault("A11")
def test_an_older_landing_that_was_put_back_is_seen_and_built_from_anew(home: Home) -> None:
    shutil.rmtree(home.landing)
    put(home.root, TOOL, "a.csv", csv([deal(1)]))
    ingest(home.root, now=NOW)
    builder, said = Builder(home), []
    night(home, builder)
    backup = shutil.copytree(home.landing, home.root.parent / "backup")
    put(home.root, TOOL, "b.csv", csv([deal(2)]))
    ingest(home.root, now=NOW + dt.timedelta(days=1))
    night(home, builder)
    assert builder.built == ["full", "build"]

    shutil.rmtree(home.landing)
    shutil.copytree(backup, home.landing)
    night(home, builder, said)
    assert builder.built[2:] == ["full"]
    assert any("tool/deals lack loads" in line for line in said)
    assert len(mail(home)) == 1
    newest = Landing(home.landing).newest("tool", "deals")
    assert newest is not None
    put(home.root, TOOL, "b.csv", csv([deal(2)]))
    ingest(home.root, now=NOW + dt.timedelta(days=2))
    assert set(landed(home.root)) == {"1", "2"}, "read on from there, nothing twice"
    night(home, builder)
    assert builder.built[3:] == ["build"]
    assert len(mail(home)) == 1


@pytest.mark.fault("A11")
def test_an_older_ledger_that_was_put_back_tells_again_rather_than_not(alerted: Home) -> None:
    """The publications are newer than the ledger: the newest is judged, what is open is open."""
    old = alerted.state / "old.sqlite"
    now, copy = sqlite3.connect(alerted.ledger), sqlite3.connect(old)
    with contextlib.closing(now), contextlib.closing(copy):
        now.backup(copy)
    off_course(alerted, 7)
    judged(alerted)
    expected = open_alerts(alerted.ledger)
    for end in ("-wal", "-shm"):
        alerted.ledger.with_name(alerted.ledger.name + end).unlink(missing_ok=True)
    old.replace(alerted.ledger)
    judged(alerted)
    assert open_alerts(alerted.ledger) == expected == 1


@pytest.mark.fault("A11")
def test_older_publications_that_were_put_back(home: Home) -> None:
    """Their ids go on above those that were told of, since an id is a time."""
    builder = Builder(home)
    night(home, builder)
    backup = shutil.copytree(home.published, home.root.parent / "published", symlinks=True)
    publish(home.warehouse, home, run_id="r", keep=3)
    newest = current(home)
    shutil.rmtree(home.published)
    shutil.copytree(backup, home.published, symlinks=True)
    again = publish(home.warehouse, home, run_id="r", keep=3)
    assert newest is not None
    assert again.publication_id > newest.publication_id
    assert (
        json.loads((home.published / "management" / "manifest.json").read_text())["publication_id"]
        == again.publication_id
    )
