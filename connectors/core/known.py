"""What the landing says already, for a load that an API gave: what it repeats is not landed again,
and what a whole list no longer holds is gone from the source."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.contract import Stream
from connectors.core.forgotten import PREFIX
from connectors.core.parts import Parts, texts

# The hashes are those of `parts`.
_LANDED = """
    create or replace temp table landed as
    select record_id, md5_number(record_id) as id, hash(record) as content, is_deleted,
        updated_at, {day} as day, {at} as at_moment
    from {parts}
    where $since is null or updated_at is null or updated_at >= $since or is_deleted
    qualify row_number() over (
        partition by record_id order by updated_at desc nulls last, load_id desc
    ) = 1
"""
_NOTHING = """(
    select null::varchar as record_id, null::varchar as record, false as is_deleted,
        null::timestamp as updated_at, null::varchar as load_id where false
)"""
_MISSING = """
    create or replace temp table missing as
    select
        row_number() over (order by record_id) - 1 as position,
        $first + row_number() over (order by record_id) as seq,
        cast(0 as integer) as source, cast(0 as bigint) as row_number,
        cast($record as varchar) as record, record_id, updated_at, true as is_deleted
    from landed
    where {held}
        and (updated_at is null or updated_at < $before)
        and id not in (select id from seen)
    order by record_id
"""
_DAYS = """
    create or replace temp table days as
    select distinct json_extract_string(record, '$.{field}') as day from read_parquet($parts)
"""


@dataclass(frozen=True)
class Known:
    """What of the landing to compare with.

    parts: of the stream's committed loads. since: only versions that changed then or later (UTC),
        and deletions; None for all. sweep: the load holds all there is; then records that are not
        in it are gone, unless they changed at `before` or later and may only not be listed yet.
    days: the field with the day of a record, where the load holds all there is of the days that it
        tells of; then records of these days that are not in it are gone.
    within: of a sweep of a window, the field that the window is on and its two ends (UTC): only
        records whose value lies between them can be missed.
    """

    parts: Sequence[Path]
    since: dt.datetime | None = None
    sweep: bool = False
    before: dt.datetime | None = None
    days: str | None = None
    within: tuple[str, dt.datetime, dt.datetime] | None = None


def compare(
    db: duckdb.DuckDBPyConnection,
    known: Known,
    stream: Stream,
    parts: Parts,
    first_seq: int,
) -> tuple[int, int]:
    """Leaves a table `landed` in `db`. Where the load holds all there is, of everything, of a
    window or of some days: tombstones among the parts, their number, and how many records were
    known of that."""
    source = _NOTHING
    values: dict[str, object] = {"since": _naive(known.since)}
    if known.parts:
        source = "read_parquet($parts)"
        values["parts"] = texts(known.parts)
    day = f"json_extract_string(record, '$.{known.days}')" if known.days else "null"
    at = "null"
    # Under an alias the source cannot list them: that they are not there says nothing.
    held, ends = f"not is_deleted and not contains(record_id, '{PREFIX}')", dict[str, object]()
    if known.within is not None:
        name, first, last = known.within
        moment = f"json_extract_string(record, '$.{name}')"
        at = f"try_cast(try_cast({moment} as timestamptz) as timestamp)"
        held += " and at_moment between $from and $to"
        ends = {"from": _naive(first), "to": _naive(last)}
    db.execute(_LANDED.format(parts=source, day=day, at=at), values)
    if known.days and parts.files:
        db.execute(_DAYS.format(field=known.days), {"parts": texts(parts.files)})
        held += " and day in (select day from days)"
    elif not known.sweep:
        return 0, 0
    alive = _count(db, f"landed where {held}", ends)
    record = json.dumps({field.name: None for field in stream.fields}, separators=(",", ":"))
    db.execute(
        _MISSING.format(held=held),
        {"first": first_seq, "record": record, "before": _naive(known.before), **ends},
    )
    missing = _count(db, "missing")
    if missing:
        parts.take("missing")
    return missing, alive


def _count(
    db: duckdb.DuckDBPyConnection, rows: str, values: dict[str, object] | None = None
) -> int:
    row = db.execute(f"select count(*) from {rows}", values or {}).fetchone()
    return int(row[0]) if row else 0


def same_rows(db: duckdb.DuckDBPyConnection, before: Sequence[Path], after: Sequence[Path]) -> bool:
    """Whether two loads that each say everything say the same."""
    row = db.execute(
        """
        with before as (select record_id, record, is_deleted from read_parquet($before)),
        after as (select record_id, record, is_deleted from read_parquet($after))
        select not exists (from before except all from after)
            and not exists (from after except all from before)
        """,
        {"before": texts(before), "after": texts(after)},
    ).fetchone()
    return bool(row and row[0])


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
