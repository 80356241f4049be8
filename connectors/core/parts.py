"""The records of a load on their way into its Parquet parts.

Each batch is written at once as the part that it is going to be. Of each record a table `seen` in
memory holds its place and hashes of its id and its text, never the record: enough to tell later
what is double, what is known already and what conflicts (`verdicts`, `known`). Only parts that
lose rows by that are written again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.durable import sha256, sync
from connectors.core.failpoints import failpoint
from connectors.core.manifest import Part
from connectors.core.spool import BATCH, Batches
from connectors.core.writer import Writer

COLUMNS = {
    "seq": "bigint",
    "source": "integer",
    "row_number": "bigint",
    "record": "varchar",
    "record_id": "varchar",
    "updated_at": "timestamp",
    "is_deleted": "boolean",
}
# Level 1 takes half the time of level 3, the default, and JSON comes out no larger.
_HOW = "format parquet, compression zstd, compression_level 1"
# The hashes tell rows apart, they guard nothing. Every id meets every other, and 128 bits do not
# collide by accident; a text is compared with those of the same id only, for which 64 do.
_SEEN = """
    select cast($part as integer) as part, position, seq, source, row_number, updated_at,
        is_deleted, md5_number(record_id) as id, hash(record) as content
    from {rows}
"""
_PART = """
    copy (
        select record, record_id, updated_at, is_deleted,
            cast($extracted_at as timestamp) as extracted_at, cast($load_id as varchar) as load_id
        from {rows}
    ) to $target ({how})
"""
_AGAIN = """
    copy (
        select record, record_id, updated_at, is_deleted, extracted_at, load_id
        from read_parquet($source, file_row_number = true)
        where file_row_number in (
            select position from seen where part = $part and seq not in (select seq from dropped)
        )
        order by file_row_number
    ) to $target ({how})
"""


@dataclass(frozen=True)
class Stamp:
    """What every row of a load says of the load. extracted_at: UTC, without a zone."""

    load_id: str
    extracted_at: dt.datetime


class Parts(Batches):
    """See the module. folder: of the load. writer: see `Batches`."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        writer: Writer,
        folder: Path,
        stamp: Stamp,
        batch: int = BATCH,
    ) -> None:
        super().__init__(db, writer, COLUMNS, batch)
        self._folder, self._stamp = folder, stamp
        self.files: list[Path] = []
        typed = {"position": "bigint", **COLUMNS}
        nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in typed.items())
        db.execute(f"create temp table no_rows as select {nothing} limit 0")
        db.execute(f"create temp table seen as {_SEEN.format(rows='no_rows')}", {"part": 0})

    def _write(self, casts: str) -> None:
        # Read twice where it is: to put it into a table first takes longer.
        self.take(f"(select position, {casts} from batch)")
        failpoint("landing.batch_written")

    def take(self, rows: str) -> None:
        """Make a part of a table or query with the columns of `COLUMNS`, whose rows lie in the
        order of its `position`, from 0: DuckDB keeps that order (`preserve_insertion_order`)."""
        part = len(self.files)
        file = self._folder / f"part-{part:05d}.parquet"
        self._db.execute(f"insert into seen {_SEEN.format(rows=rows)}", {"part": part})
        self._copy(_PART.format(rows=rows, how=_HOW), file, vars(self._stamp))
        self.files.append(file)

    def flush(self) -> None:
        """Hand on what is left. A load without any row has one empty part: a reader must see that
        a full load emptied the stream."""
        super().flush()
        if not self.files:
            self.take("no_rows")

    def settle(self) -> tuple[Part, ...]:
        """Leave out what the tables `seen` and `dropped` say; the parts, flushed."""
        counted = self._db.execute(
            """
            select part, count(*) filter (not exists (select 1 from dropped where seq = seen.seq))
            from seen group by part
            """
        ).fetchall()
        kept = dict(counted)
        parts: list[Part] = []
        for number, file in enumerate(self.files):
            rows, left = self._rows(file), kept.get(number, 0)
            if left == 0 and (parts or number < len(self.files) - 1):
                file.unlink()
                continue
            if left < rows:
                draft = file.with_suffix(".draft")
                self._copy(_AGAIN.format(how=_HOW), draft, {"source": str(file), "part": number})
                draft.replace(file)
            sync(file)
            parts.append(Part(file.name, left, file.stat().st_size, sha256(file)))
            failpoint("landing.part_written")
        return tuple(parts)

    def _copy(self, query: str, target: Path, values: dict[str, object]) -> None:
        self._db.execute(query, {**values, "target": str(target)})

    def _rows(self, file: Path) -> int:
        row = self._db.execute(
            "select num_rows from parquet_file_metadata($file)", {"file": str(file)}
        ).fetchone()
        if row is None:
            raise AssertionError(f"{file.name} has no metadata")
        return int(row[0])


def texts(paths: Sequence[Path]) -> list[str]:
    """Paths as DuckDB takes them."""
    return [str(path) for path in paths]
