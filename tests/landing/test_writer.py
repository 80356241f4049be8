"""A batch is written while the next is gathered: in order, one at a time, and none is lost
without a word."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import duckdb
import pytest

from connectors.core.landing import Landing
from connectors.core.load import Load, Reach, begin_load
from connectors.core.parts import Parts
from connectors.core.spool import REJECT_COLUMNS, Spool, connect
from connectors.core.writer import Writer
from tests.landing.making import NOW, TOOL, VISITS

SOON = 20.0
"""Seconds until what should happen at once is given up."""


class Blocked:
    """A job that goes on when it is told to, and may fail."""

    def __init__(self, done: list[int], number: int, error: Exception | None = None) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self._done, self._number, self._error = done, number, error

    def __call__(self) -> None:
        self.began.set()
        assert self.may_end.wait(SOON)
        if self._error is not None:
            raise self._error
        self._done.append(self._number)


def test_a_job_goes_on_beside_its_caller_and_the_next_waits_for_it() -> None:
    done: list[int] = []
    writer, first, second = Writer(), Blocked(done, 1), Blocked(done, 2)
    writer.write(first)
    assert first.began.wait(SOON)
    handed_on = threading.Event()

    def hand_on() -> None:
        writer.write(second)
        handed_on.set()

    caller = threading.Thread(target=hand_on)
    caller.start()
    assert not handed_on.wait(0.1), "a third batch would be in memory"
    assert not second.began.is_set()
    first.may_end.set()
    assert handed_on.wait(SOON)
    second.may_end.set()
    caller.join()
    writer.wait()
    assert done == [1, 2]
    writer.close()


def test_what_a_job_raises_is_raised_at_the_next_call_and_at_each_after_it() -> None:
    done: list[int] = []
    writer = Writer()
    bad = Blocked(done, 1, OSError("no room"))
    writer.write(bad)
    bad.may_end.set()
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            writer.write(lambda: done.append(2))
        with pytest.raises(OSError, match="no room"):
            writer.wait()
    assert done == []
    writer.close()


def test_a_batch_that_is_written_is_let_go() -> None:
    class Batch:
        pass

    batch = Batch()
    gone = weakref.ref(batch)

    def job(held: Batch = batch) -> None:
        pass

    writer = Writer()
    writer.write(job)
    writer.wait()
    del job, batch
    assert gone() is None
    writer.close()


def visit(load: Load, number: int) -> None:
    load.add([str(number), "2026-02-03", "x"], 0, number)


def land(root: Path, rows: int) -> None:
    with begin_load(Landing(root), TOOL, VISITS, now=NOW, spool_rows=1_000) as load:
        load.open_source("visits.csv", "print", "0" * 64, 1)
        for number in range(rows):
            visit(load, number)
        load.commit(Reach())


def test_batches_are_parts_in_the_order_of_their_rows(tmp_path: Path) -> None:
    with begin_load(Landing(tmp_path), TOOL, VISITS, now=NOW, spool_rows=1_000) as load:
        load.open_source("visits.csv", "print", "0" * 64, 1)
        for number in range(4_500):
            visit(load, number)
            if number % 700 == 0:
                load.reject(0, number, "note", "x", "is none", None)
        manifest = load.commit(Reach())
    folder = Landing(tmp_path).load_folder(TOOL.name, VISITS.name, manifest.load_id)
    assert [part.rows for part in manifest.parts] == [1_000, 1_000, 1_000, 1_000, 500]
    found = [
        row
        for part in manifest.parts
        for row in duckdb.execute(
            "select cast(record_id as int) from read_parquet(?) order by file_row_number",
            [str(folder / part.name)],
        ).fetchall()
    ]
    assert found == [(number,) for number in range(4_500)]
    assert manifest.counts.rejected == 7


@pytest.mark.parametrize("batches", [1, 3])
def test_a_batch_that_cannot_be_written_is_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    """Whether another batch comes after it or not, the load is not committed."""

    def refuse(self: Parts, query: str, target: Path, values: dict[str, object]) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(Parts, "_copy", refuse)
    with pytest.raises(duckdb.IOException, match="No space left"):
        land(tmp_path, batches * 1_000)
    assert not Landing(tmp_path).load_ids(TOOL.name, VISITS.name)
    assert not [*Landing(tmp_path).incoming.iterdir()]
    assert not [each for each in threading.enumerate() if each.name.startswith("writing")]


def test_a_table_of_no_rows_is_one_file(tmp_path: Path) -> None:
    writer = Writer()
    with connect() as db:
        [file] = Spool(db, writer, tmp_path, "rejects", REJECT_COLUMNS).finish()
        assert db.execute("select count(*) from read_parquet(?)", [str(file)]).fetchone() == (0,)
    writer.close()
