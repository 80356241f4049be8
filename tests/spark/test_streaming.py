"""Rows of a data frame arrive batch by batch. No JVM is needed here."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from pipelines.spark.streaming import as_bytes, streamed

arrow = pytest.importorskip("pyarrow")

ROWS, BATCHES = 20_000, 200


class Endless:
    """A data frame larger than the memory of this process may be for it: each batch is made when it
    is asked for."""

    def __init__(self) -> None:
        self.most = 0

    def limit(self, number: int) -> SimpleNamespace:
        assert number == 0
        return SimpleNamespace(toArrow=lambda: self._batch(0).slice(0, 0))

    def mapInArrow(self, function: Any, _: str) -> SimpleNamespace:  # noqa: N802 - Spark's name
        def rows(prefetchPartitions: bool) -> Iterator[tuple[bytes]]:  # noqa: N803
            for batch in function(map(self._batch, range(BATCHES))):
                self.most = max(self.most, arrow.total_allocated_bytes())
                yield (batch.column(0)[0].as_py(),)

        return SimpleNamespace(toLocalIterator=rows)

    @staticmethod
    def _batch(number: int) -> Any:
        return arrow.record_batch({"n": arrow.array(range(number, number + ROWS), arrow.int64())})


def test_no_more_than_a_few_batches_are_here_at_a_time() -> None:
    gc.collect()
    before, frame = arrow.total_allocated_bytes(), Endless()
    with duckdb.connect() as db:
        db.register("reader", streamed(frame))
        db.execute("create table copied as select * from reader")
        found = db.execute("select count(*), sum(n) from copied").fetchone()
    each = ROWS * (ROWS - 1) // 2
    assert found == (ROWS * BATCHES, each * BATCHES + ROWS * (BATCHES - 1) * BATCHES // 2)
    assert frame.most - before < 10 * ROWS * 8, "of 200 batches"


def test_a_batch_without_rows_is_one() -> None:
    empty = arrow.record_batch({"n": arrow.array([], arrow.int64())})
    [sent] = as_bytes([empty])
    assert sent.num_rows == 1
    with arrow.ipc.open_stream(sent.column(0)[0].as_py()) as stream:
        assert stream.read_all().equals(arrow.Table.from_batches([empty]))
