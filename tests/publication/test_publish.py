"""What a publication holds, and what is refused."""

from __future__ import annotations

import datetime as dt
import errno
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.core.durable import sha256
from pipelines.publication import (
    Publication,
    PublicationError,
    current,
    open_publication,
    publish,
    snapshots,
)
from pipelines.settings import Home
from tests.publication.tiny import fact, month, warehouse

NOON = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)

FACTS = [
    fact("revenue", "north", month(5), 95.0, "on_course"),
    fact("revenue", "north", month(6), 80.0, "off_course"),
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "o'home")
    warehouse(home.warehouse, FACTS)
    return home


def put(
    home: Home,
    keep: int = 3,
    at: dt.datetime = NOON,
    alert_events: Iterable[tuple[Any, ...]] = (),
) -> Publication:
    return publish(
        home.warehouse,
        home,
        run_id="run-1",
        keep=keep,
        clock=lambda: at,
        alert_events=alert_events,
    )


def test_it_holds_the_marts_and_nothing_else(home: Home) -> None:
    put(home)
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        tables = {row[0] for row in db.execute("select table_name from duckdb_tables()").fetchall()}
        views = db.execute("select count(*) from duckdb_views() where not internal").fetchone()
        rows = db.execute("select kpi_value from fct_kpi_values order by period_start").fetchall()
    assert tables == {
        "bridge_org_unit",
        "dim_kpi",
        "dim_org_unit",
        "dim_org_unit_layers",
        "dim_publication",
        "fct_alert_events",
        "fct_kpi_status",
        "fct_kpi_values",
    }
    assert views == (2,), "the two for people in BI tools"
    assert rows == [(95.0,), (80.0,)]
    assert b"never published" not in home.publication().read_bytes()


def test_facts_stand_in_the_order_in_which_they_are_asked_for(home: Home) -> None:
    mixed = [
        fact(kpi, unit, month(number), 1.0, "on_course")
        for number in (2, 1)
        for kpi in ("win_rate", "revenue")
        for unit in ("south", "north")
    ]
    warehouse(home.warehouse, mixed)
    put(home)
    select = "select org_unit_id, kpi, period_start from "
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        found = db.execute(f"{select} fct_kpi_status").fetchall()
    parquet = str(home.publication().parent / "parquet" / "fct_kpi_status.parquet")
    assert found == sorted(found)
    assert len(found) == len(mixed)
    with duckdb.connect() as db:
        assert db.execute(f"{select} read_parquet(?)", [parquet]).fetchall() == found


def test_descriptions_travel_along(home: Home) -> None:
    put(home)
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        comments = db.execute(
            "select column_name, comment from duckdb_columns() "
            "where table_name = 'dim_kpi' and comment is not null"
        ).fetchall()
        table = db.execute(
            "select comment from duckdb_tables() where table_name = 'dim_kpi'"
        ).fetchone()
    assert comments == [("unit", "eur, percent, count or score.")]
    assert table == ("One row is one KPI. It's defined in dbt.",)


@pytest.mark.fault("F7")
def test_it_is_in_the_storage_version_of_duckdb_1_0(home: Home) -> None:
    put(home)
    header = home.publication().read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64
    with duckdb.connect(str(home.publication()), read_only=True) as db:
        tags = db.execute("select tags from duckdb_databases() where not internal").fetchone()
    assert tags == ({"storage_version": "v1.0.0+"},)


@pytest.mark.fault("F3")
def test_nothing_lies_beside_it_and_it_cannot_be_written_to(home: Home) -> None:
    put(home)
    folder = home.publication().parent
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        "koers.duckdb",
        "manifest.json",
        "parquet",
        "snapshots",
    ]
    assert home.publication().stat().st_mode & 0o222 == 0


def test_the_manifest_says_what_is_in_the_files(home: Home) -> None:
    published = put(home)
    folder = home.publication().parent
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["publication_id"] == "20250701T120000000000Z" == published.publication_id
    assert manifest["created_at"] == "2025-07-01T12:00:00+00:00"
    assert manifest["run_id"] == "run-1"
    assert manifest["tables"]["fct_kpi_status"] == 2
    assert manifest["sha256"] == sha256(home.publication())
    assert manifest["bytes"] == home.publication().stat().st_size
    for name, what in manifest["parquet"].items():
        assert sha256(folder / "parquet" / name) == what["sha256"]
    with duckdb.connect() as db:
        file = folder / "parquet" / "fct_kpi_status.parquet"
        rows = db.execute("select count(*) from read_parquet(?)", [str(file)]).fetchone()
    assert rows == (2,)


def test_alert_events_are_published_with_their_types(home: Home) -> None:
    event = (
        "a", "revenue", "north", "tolerance", "firing", NOON.replace(tzinfo=None),
        month(6), "20250701T010000000000Z", "a#1-firing", '{"kpi_value": 80.0}',
    )  # fmt: skip
    published = put(home, alert_events=[event])
    with open_publication(published) as db:
        assert db.execute("from fct_alert_events").fetchall() == [event]


def test_the_last_n_are_kept_and_the_current_one_always(home: Home) -> None:
    ids = [put(home, keep=2, at=NOON + dt.timedelta(days=d)).publication_id for d in range(4)]
    assert [p.publication_id for p in snapshots(home)] == ids[:1:-1]
    now = current(home)
    assert now is not None
    assert now.publication_id == ids[-1]


@pytest.mark.fault("D3")
def test_ids_keep_rising_when_the_clock_is_put_back(home: Home) -> None:
    first = put(home)
    second = put(home, at=NOON - dt.timedelta(days=30))
    assert second.publication_id == "20250701T120000000001Z" > first.publication_id


def test_changed_says_whether_facts_or_dimensions_differ(home: Home) -> None:
    assert put(home).changed
    assert not put(home).changed
    warehouse(home.warehouse, reversed(FACTS))
    assert not put(home).changed, "the order of the rows is no difference"
    warehouse(home.warehouse, [FACTS[0], {**FACTS[1], "kpi_value": 80.01}])
    assert put(home).changed
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("update dim_org_unit set name = 'Team N' where org_unit_id = 'north'")
    assert put(home).changed


def test_before_the_first_there_is_none(tmp_path: Path) -> None:
    assert current(Home(tmp_path)) is None
    assert snapshots(Home(tmp_path)) == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("insert into fct_kpi_status from fct_kpi_status limit 1", "2 rows for"),
        ("delete from fct_kpi_status", "fct_kpi_status, fct_kpi_values would be empty"),
        ("drop table dim_org_unit", "has no table dim_org_unit"),
    ],
)
@pytest.mark.fault("F4")
def test_a_wrong_build_is_refused_and_the_old_one_stands(home: Home, spoil: str, says: str) -> None:
    before = put(home)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(spoil)
    with pytest.raises(PublicationError, match=says):
        put(home)
    assert current(home) == before
    left = [path.name for path in (home.publication().parent / "snapshots").iterdir()]
    assert left == [before.publication_id]


def test_rewards_may_end(home: Home) -> None:
    keys = "'revenue' as kpi, 'sales' as org_unit_id, 'month' as grain"
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(
            f"create table fct_kpi_rewards as select {keys}, date '2026-01-01' as period_start"
        )
    assert put(home).tables["fct_kpi_rewards"] == 1
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("delete from fct_kpi_rewards")
    assert put(home).tables["fct_kpi_rewards"] == 0


def test_an_unreadable_warehouse_is_refused(home: Home) -> None:
    home.warehouse.write_bytes(b"junk" * 4096)
    with pytest.raises(PublicationError, match=r"still stands; mend the cause"):
        put(home)


@pytest.mark.fault("A10")
def test_a_log_beside_the_old_file_is_never_replayed_into_the_new_one(home: Home) -> None:
    put(home)
    log = home.publication().with_name("koers.duckdb.wal")
    log.write_bytes(b"what someone wrote by mistake")
    published = put(home)
    assert not log.exists()
    kept = log.with_name(f"{log.name}.of-before-{published.publication_id}")
    assert kept.read_bytes() == b"what someone wrote by mistake"


def test_a_copied_home_is_recognised_by_its_content(home: Home, tmp_path: Path) -> None:
    put(home)
    wanted = put(home)
    copy = Home(tmp_path / "copy")
    shutil.copytree(home.root, copy.root)  # follows links: no hard links, parquet a folder
    found = current(copy)
    assert found is not None
    assert found.publication_id == wanted.publication_id
    assert not put(copy).changed
    assert (copy.publication().parent / "parquet").is_symlink()


def test_a_changed_file_is_not_taken_for_a_publication(home: Home) -> None:
    put(home)
    home.publication().unlink()
    home.publication().write_bytes(b"something else")
    with pytest.raises(PublicationError, match="is not a publication"):
        current(home)
    assert put(home).changed
    assert current(home) is not None


@pytest.mark.fault("A4")
def test_a_disk_that_refuses_is_told_and_the_old_one_stands(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = put(home)

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.publication.sync", full)
        with pytest.raises(PublicationError, match=r"No space left.*make room"):
            put(home)
    assert current(home) == before
    assert put(home).publication_id > before.publication_id


def test_two_at_once_is_refused(home: Home) -> None:
    def busy() -> dt.datetime:
        with pytest.raises(PublicationError, match="Another process is publishing"):
            put(home)
        return NOON

    publish(home.warehouse, home, run_id="r", keep=1, clock=busy)
