"""Rows on their way into a load: gathered in batches, and written as Parquet batch by batch.

DuckDB in memory does the writing, over pandas frames; neither the number nor the size of the rows
matters to memory beyond one batch.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from connectors.core.failpoints import failpoint

BATCH = 20_000

COLUMNS = {
    "seq": "bigint",
    "source": "integer",
    "row_number": "bigint",
    "record": "varchar",
    "record_id": "varchar",
    "updated_at": "timestamp",
    "is_deleted": "boolean",
}
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


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory that neither downloads extensions nor spills rows to a folder of its
    own choice."""
    return duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "temp_directory": "",
            "TimeZone": "UTC",
        },
    )


class Spool:
    """Rows of one shape. A table of no rows is one file too, so that its columns can be read."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        folder: Path,
        name: str,
        columns: dict[str, str],
        batch: int = BATCH,
    ) -> None:
        self._db = db
        self._folder = folder
        self._name = name
        self._columns = columns
        self._batch = batch
        self._rows: list[tuple[object, ...]] = []
        self.files: list[Path] = []

    def add(self, row: tuple[object, ...]) -> None:
        """Take one row, in the order of the columns."""
        self._rows.append(row)
        if len(self._rows) >= self._batch:
            self._write()

    def finish(self) -> list[Path]:
        """Write what is left; the files, in order."""
        if self._rows or not self.files:
            self._write()
        return self.files

    def _write(self) -> None:
        import pandas as pd  # takes seconds, and most commands write no rows

        # dtype=object: pandas must not guess a type from the values; each is cast by name below.
        frame = pd.DataFrame(self._rows, columns=list(self._columns), dtype=object)
        # A source may write anything where it should write when a record was changed.
        casts = ", ".join(
            f"{'try_cast' if t == 'timestamp' else 'cast'}({n} as {t}) as {n}"
            for n, t in self._columns.items()
        )
        file = self._folder / f"{self._name}-{len(self.files):05d}.parquet"
        self._db.register("batch", frame)
        try:
            self._db.execute(
                f"copy (select {casts} from batch) to $file (format parquet)", {"file": str(file)}
            )
        finally:
            self._db.unregister("batch")
        failpoint("landing.batch_written")
        self.files.append(file)
        self._rows = []
