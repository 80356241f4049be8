"""The rows of a data frame of Spark on their way to this process, a few thousand at a time.

`toArrow` would hold the whole table here. Instead each batch becomes one row of bytes on the worker
that has it (`mapInArrow`), and those rows are fetched a partition at a time (`toLocalIterator`).
That goes the same way in a session of this process, on a cluster and over Spark Connect, wherever
the tables lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

BYTES = "batch binary"
"""What a batch is for Spark."""


def streamed(frame: Any) -> Any:
    """The rows of a data frame in any order, as an Arrow RecordBatchReader with the types that
    `toArrow` gives. It can be read once. Memory: two partitions of the data frame on the side of
    Spark (of a table: `spark.sql.files.maxPartitionBytes` each), one batch in this process."""
    import pyarrow as arrow

    schema = frame.limit(0).toArrow().schema  # also where there is no row
    rows = frame.mapInArrow(as_bytes, BYTES).toLocalIterator(prefetchPartitions=True)
    return arrow.RecordBatchReader.from_batches(schema, _batches(rows, schema))


def as_bytes(batches: Iterable[Any]) -> Iterator[Any]:
    """Each Arrow batch as a batch of one row that holds it. Runs on the workers."""
    import pyarrow as arrow

    for batch in batches:
        sink = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        yield arrow.record_batch(
            [arrow.array([sink.getvalue().to_pybytes()], arrow.binary())], ["batch"]
        )


def _batches(rows: Iterable[Any], schema: Any) -> Iterator[Any]:
    import pyarrow as arrow

    for row in rows:
        for batch in arrow.ipc.open_stream(bytes(row[0])):
            # A worker says otherwise than the driver which columns can be null.
            yield arrow.RecordBatch.from_arrays(batch.columns, schema=schema)
