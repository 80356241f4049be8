"""Rows on their way into a load: gathered in batches, and written batch by batch, one while the
next is gathered.

DuckDB does the writing, over arrays of numpy. Neither the number nor the size of the rows matters
to memory beyond two batches: what DuckDB has to remember of all rows may lie in a folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from connectors.core.writer import Writer

BATCH = 20_000
CHARACTERS = 16_000_000
"""Of long rows fewer make a batch: as many as have this many characters."""

REJECT_COLUMNS = {
    "seq": "bigint",
    "source": "integer",
    "source_file": "varchar",
    "row_number": "bigint",
    "field": "varchar",
    "value": "varchar",
    "reason": "varchar",
    "record": "varchar",
}

_NUMPY = {"bigint": "int64", "integer": "int32", "boolean": "bool"}


WORKING_MEMORY = "256MB"
"""What the work on one load may hold in memory; what is more lies in a folder meanwhile."""


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory that neither downloads extensions nor spills rows to a folder of its
    own choice. spill: the folder to which it may, beyond `WORKING_MEMORY`; two threads then, since
    each takes its share of that."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "temp_directory": "",
        "TimeZone": "UTC",
    }
    if spill is not None:
        config |= {"temp_directory": str(spill), "memory_limit": WORKING_MEMORY, "threads": "2"}
    return duckdb.connect(":memory:", config=config)


class Batches:
    """Gathers rows column by column, and hands them on batch by batch, as a relation `batch` of
    `db` that also has the `position` of each row in its batch.

    columns: name and SQL type of each. writer: the one of all who use `db`. Until it has been
    waited for, `db` is its own: a connection is for one thread at a time. What goes wrong with a
    batch is raised when the next is handed on, or by `flush`.
    """

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        writer: Writer,
        columns: dict[str, str],
        batch: int = BATCH,
    ) -> None:
        self._db, self._writer, self._columns, self._batch = db, writer, columns, batch
        self._begin()

    def _begin(self) -> None:
        self._waiting: list[list[Sequence[object]]] = [[] for _ in self._columns]
        self._number = self._characters = 0

    def add(self, *columns: Sequence[object], characters: int = 0) -> None:
        """Take rows: the values of each column, in the order of the columns. characters: how long
        they are together, where that may be much."""
        for waiting, values in zip(self._waiting, columns, strict=True):
            waiting.append(values)
        self._number += len(columns[0])
        self._characters += characters
        if self._number >= self._batch or self._characters >= CHARACTERS:
            self._hand_on()

    def flush(self) -> None:
        """Hand on what is left, and return when all is written."""
        if self._number:
            self._hand_on()
        self._writer.wait()

    def _hand_on(self) -> None:
        self._writer.write(partial(self._write_batch, self._number, self._waiting))
        self._begin()

    def _write_batch(self, number: int, columns: Sequence[Sequence[Sequence[object]]]) -> None:
        # No type is guessed from the values: each is cast by name.
        arrays = {
            "position": np.arange(number),
            **{
                name: _array(values, _NUMPY.get(self._columns[name], "object"))
                for name, values in zip(self._columns, columns, strict=True)
            },
        }
        # A source may write anything where it should write when a record was changed.
        casts = ", ".join(
            f"{'try_cast' if t == 'timestamp' else 'cast'}({n} as {t}) as {n}"
            for n, t in self._columns.items()
        )
        self._db.register("batch", arrays)
        try:
            self._write(casts)
        finally:
            self._db.unregister("batch")

    def _write(self, casts: str) -> None:
        """Write the relation `batch`. casts: its columns, of their types."""
        raise NotImplementedError


def _array(values: Sequence[Sequence[object]], kind: str) -> np.ndarray[Any, Any]:
    """One array of what was added bit by bit."""
    if kind == "object":
        return np.array(list(chain.from_iterable(values)), dtype=object)
    arrays = [
        np.arange(some.start, some.stop, some.step)
        if isinstance(some, range)
        else np.array(some, dtype=kind)
        for some in values
    ]
    return np.concatenate([np.empty(0, dtype=kind), *arrays], dtype=kind)


class Spool(Batches):
    """Rows in Parquet files of their own. A table of no rows is one file too, so that its columns
    can be read."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        writer: Writer,
        folder: Path,
        name: str,
        columns: dict[str, str],
        batch: int = BATCH,
    ) -> None:
        super().__init__(db, writer, columns, batch)
        self._folder, self._name = folder, name
        self.files: list[Path] = []

    def finish(self) -> list[Path]:
        """Write what is left; the files, in order."""
        self.flush()
        if not self.files:
            self._hand_on()
            self._writer.wait()
        return self.files

    def _write(self, casts: str) -> None:
        file = self._folder / f"{self._name}-{len(self.files):05d}.parquet"
        self._db.execute(
            f"copy (select {casts} from batch order by position) to $file (format parquet)",
            {"file": str(file)},
        )
        self.files.append(file)
