"""From spooled rows to the files of a load: judged, counted, written and flushed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.contract import Stream
from connectors.core.durable import sha256, sync
from connectors.core.failpoints import failpoint
from connectors.core.known import Known, compare
from connectors.core.manifest import Counts, Part, SourceFile
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
    records: Spool,
    rejects: Spool,
    *,
    load_id: str,
    extracted_at: dt.datetime,
    known: Known | None = None,
) -> Finished:
    """Write the parts and the rejects of a load into `folder`. known: of a load from an API, with
    what to compare it."""
    left_out = [number for number, source in enumerate(sources) if source.left_out]
    record_spools, reject_spools = records.finish(), rejects.finish()
    failpoint("landing.spooled")
    missing = alive = 0
    if known is not None:
        seq = sum(source.read for source in sources)
        work = record_spools[0].parent
        spool, missing, alive = compare(db, known, stream, record_spools, work, seq)
        sources[0].read += missing
        record_spools = [*record_spools, spool] if spool else record_spools
    tallies = judge(db, record_spools, left_out, in_order=known is not None)
    stamp = {
        "load_id": load_id,
        "extracted_at": extracted_at.astimezone(dt.UTC).replace(tzinfo=None),
    }
    parts = _write_parts(db, folder, record_spools, left_out, stamp)
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
    if counts.loaded != sum(part.rows for part in parts):
        raise AssertionError(f"{counts} but the parts hold {sum(p.rows for p in parts)} rows")
    size = sum(part.bytes for part in parts)
    if counts.rejected:
        names = [source.name for source in sources]
        query = _REJECTS.format(record=_public(stream))
        values = {
            "spools": _texts(record_spools),
            "rejects": _texts(reject_spools),
            "left_out": left_out,
            "names": names,
            "field": ", ".join(stream.key),
            "hide_id": any(f.personal for f in stream.fields if f.name in stream.key),
            **stamp,
        }
        written, target = _copy(db, query, values, folder / "rejects-00000.parquet")
        if written != counts.rejected:
            raise AssertionError(f"{counts} but {written} rejected rows were written")
        size += target.stat().st_size
    return Finished(counts, files, parts, size, missing, alive)


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


_PART = """
    select record, record_id, updated_at, is_deleted,
        cast($extracted_at as timestamp) as extracted_at, cast($load_id as varchar) as load_id
    from read_parquet($spool) as spooled
    where not list_contains($left_out, source)
        and not exists (select 1 from dropped where dropped.seq = spooled.seq)
    order by seq
"""

_REJECTS = """
    with conflicts as (
        select
            spooled.seq,
            list_extract($names, spooled.source + 1) as source_file,
            spooled.row_number,
            $field as field,
            case when not $hide_id then spooled.record_id end as value,
            'rows ' || spooled.row_number || ' and ' || dropped.kept_row || ' have the same '
                || $field || ' but differ, and nothing says which is newer: row '
                || dropped.kept_row || ' is kept' as reason,
            {record} as record
        from read_parquet($spools) as spooled
        join dropped using (seq)
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
        return "spooled.record"
    return f"cast(json_merge_patch(spooled.record, '{json.dumps(personal)}') as varchar)"


def _write_parts(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    spools: Sequence[Path],
    left_out: Sequence[int],
    stamp: dict[str, object],
) -> tuple[Part, ...]:
    """One part for each spool that has rows to keep. A load without any row has one empty part:
    a reader of parts must see that a full load emptied the stream."""
    parts: list[Part] = []
    for spool in spools:
        target = folder / f"part-{len(parts):05d}.parquet"
        values = {"spool": str(spool), "left_out": list(left_out), **stamp}
        rows, _ = _copy(db, _PART, values, target)
        if rows == 0 and (parts or spool is not spools[-1]):
            target.unlink()
            continue
        parts.append(Part(target.name, rows, target.stat().st_size, sha256(target)))
        failpoint("landing.part_written")
    return tuple(parts)


def _copy(
    db: duckdb.DuckDBPyConnection, query: str, values: dict[str, object], target: Path
) -> tuple[int, Path]:
    db.execute(
        f"copy ({query}) to $target (format parquet, compression zstd)",
        {**values, "target": str(target)},
    )
    written = db.fetchone()
    if written is None:
        raise AssertionError("COPY says how many rows it wrote")
    sync(target)
    return int(written[0]), target


def _texts(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
