"""From the rows of a load to its files: judged, counted, written and flushed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.contract import Stream
from connectors.core.durable import sync
from connectors.core.failpoints import failpoint
from connectors.core.known import Known, compare
from connectors.core.manifest import Counts, Part, SourceFile
from connectors.core.parts import Parts, Stamp, texts
from connectors.core.spool import Spool
from connectors.core.verdicts import Tally, judge


@dataclass
class Source:
    """An export file that rows come from. `read` counts the rows offered, good or not."""

    name: str
    fingerprint: str
    sha256: str
    bytes: int
    read: int = 0
    rejected: int = 0
    no_records: int = 0
    left_out: bool = False


@dataclass(frozen=True)
class Finished:
    """The files of a load as written. `bytes`: of the Parquet files together. `missing`: the
    tombstones among the rows, of `alive` records that were known."""

    counts: Counts
    files: tuple[SourceFile, ...]
    parts: tuple[Part, ...]
    bytes: int
    missing: int = 0
    alive: int = 0


def finish(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    stream: Stream,
    sources: Sequence[Source],
    records: Parts,
    rejects: Spool,
    stamp: Stamp,
    *,
    known: Known | None = None,
) -> Finished:
    """Settle the parts of a load and write its rejects into `folder`. known: of a load from an
    API, with what to compare it."""
    left_out = [number for number, source in enumerate(sources) if source.left_out]
    records.flush()
    reject_spools = rejects.finish()
    failpoint("landing.spooled")
    missing = alive = 0
    if known is not None:
        seq = sum(source.read for source in sources)
        missing, alive = compare(db, known, stream, records, seq)
        sources[0].read += missing
    tallies = judge(db, left_out, in_order=known is not None)
    files = tuple(
        _file(source, tallies.get(number, Tally()))
        for number, source in enumerate(sources)
        if not source.left_out
    )
    counts = Counts(
        read=sum(f.read for f in files),
        loaded=sum(f.loaded for f in files),
        rejected=sum(f.rejected for f in files),
        duplicate=sum(f.duplicate for f in files),
        left_out=sum(f.left_out for f in files),
    )
    size = 0
    if counts.rejected:
        names = [source.name for source in sources]
        values = {
            "parts": texts(records.files),
            "rejects": texts(reject_spools),
            "left_out": left_out,
            "names": names,
            "field": ", ".join(stream.key),
            "hide_id": any(f.personal for f in stream.fields if f.name in stream.key),
            **vars(stamp),
        }
        size = _write_rejects(db, folder, stream, counts.rejected, values)
    parts = records.settle()
    if counts.loaded != sum(part.rows for part in parts):
        raise AssertionError(f"{counts} but the parts hold {sum(p.rows for p in parts)} rows")
    return Finished(counts, files, parts, size + sum(p.bytes for p in parts), missing, alive)


def _file(source: Source, tally: Tally) -> SourceFile:
    counts = Counts(
        source.read,
        tally.loaded,
        tally.rejected + source.rejected,
        tally.duplicate,
        source.no_records,
    )
    return SourceFile(
        name=source.name,
        fingerprint=source.fingerprint,
        sha256=source.sha256,
        bytes=source.bytes,
        read=counts.read,
        loaded=counts.loaded,
        rejected=counts.rejected,
        duplicate=counts.duplicate,
        left_out=counts.left_out,
    )


_REJECTS = """
    with conflicts as (
        select
            seen.seq,
            list_extract($names, seen.source + 1) as source_file,
            seen.row_number,
            $field as field,
            case when not $hide_id then landed.record_id end as value,
            'rows ' || seen.row_number || ' and ' || dropped.kept_row || ' have the same '
                || $field || ' but differ, and nothing says which is newer: row '
                || dropped.kept_row || ' is kept' as reason,
            {record} as record
        from dropped
        join seen using (seq)
        join read_parquet($parts, filename = true, file_row_number = true) as landed
            on landed.file_row_number = seen.position
            and landed.filename = list_extract($parts, seen.part + 1)
        where dropped.is_conflict
    ),
    refused as (
        select seq, source_file, row_number, field, value, reason, record
        from read_parquet($rejects)
        where not list_contains($left_out, source)
    )
    select source_file, row_number, field, value, reason, record,
        cast($load_id as varchar) as load_id, cast($extracted_at as timestamp) as extracted_at
    from (select * from conflicts union all select * from refused)
    order by seq
"""


def _public(stream: Stream) -> str:
    """SQL for a record without its personal fields (their HMACs do not help a person)."""
    personal = {f.name: None for f in stream.fields if f.personal}
    if not personal:
        return "landed.record"
    return f"cast(json_merge_patch(landed.record, '{json.dumps(personal)}') as varchar)"


def _write_rejects(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    stream: Stream,
    number: int,
    values: dict[str, object],
) -> int:
    """The bytes of the file."""
    target = folder / "rejects-00000.parquet"
    query = _REJECTS.format(record=_public(stream))
    db.execute(
        f"copy ({query}) to $target (format parquet, compression zstd)",
        {**values, "target": str(target)},
    )
    written = db.fetchone()
    if written is None or int(written[0]) != number:
        raise AssertionError(f"{number} rows were rejected, but {written} were written")
    sync(target)
    return target.stat().st_size
