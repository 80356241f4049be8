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

# The hashes tell rows apart, they guard nothing; 128 bits do not collide by accident.
_LANDED = """
    create or replace temp table landed as
    select record_id, md5_number(record_id) as id, md5_number(record) as content, is_deleted,
        updated_at, {at} as at_moment
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
    from landed
    where not is_deleted
        and ($from is null or at_moment between $from and $to)
        and (updated_at is null or updated_at < $before)
        and id not in (select md5_number(record_id) from read_parquet($spools))
"""


@dataclass(frozen=True)
class Known:
    """What of the landing to compare with.

    parts: of the stream's committed loads. since: only versions that changed then or later (UTC),
        and deletions; None for all. sweep: the load holds all there is; then records that are not
        in it are gone, unless they changed at `before` or later and may only not be listed yet.
    within: of a sweep of a window, the field that the window is on and its two ends (UTC): only
        records whose value lies between them can be missed.
    """

    parts: Sequence[Path]
    since: dt.datetime | None = None
    sweep: bool = False
    before: dt.datetime | None = None
    within: tuple[str, dt.datetime, dt.datetime] | None = None


def compare(
    db: duckdb.DuckDBPyConnection,
    known: Known,
    stream: Stream,
    spools: Sequence[Path],
    folder: Path,
    first_seq: int,
) -> tuple[Path | None, int, int]:
    """Leaves a table `landed` in `db`. For a sweep: a spool of tombstones in `folder` (None where
    there are none), their number, and how many records were known."""
    source = _NOTHING
    values: dict[str, object] = {"since": _naive(known.since)}
    if known.parts:
        source = "read_parquet($parts)"
        values["parts"] = [str(part) for part in known.parts]
    at, first, last = "cast(null as timestamp)", None, None
    if known.within is not None:
        name, first, last = known.within
        at = "try_cast(try_cast(json_extract_string(record, $field) as timestamptz) as timestamp)"
        values["field"] = f"$.{name}"
    db.execute(_LANDED.format(parts=source, at=at), values)
    if not known.sweep:
        return None, 0, 0
    ends = {"from": _naive(first), "to": _naive(last)}
    row = db.execute(
        "select count(*) from landed where not is_deleted"
        " and ($from is null or at_moment between $from and $to)",
        ends,
    ).fetchone()
    alive = int(row[0]) if row else 0
    record = json.dumps({field.name: None for field in stream.fields}, separators=(",", ":"))
    target = folder / "tombstones.parquet"
    db.execute(
        f"""
        copy (
            select
                $first + row_number() over (order by record_id) as seq,
                cast(0 as integer) as source, cast(0 as bigint) as row_number,
                $record as record, record_id, updated_at, true as is_deleted
            {_MISSING}
        ) to $target (format parquet)
        """,
        {
            "first": first_seq,
            "record": record,
            **ends,
            "target": str(target),
            "before": _naive(known.before),
            "spools": [str(spool) for spool in spools],
        },
    )
    written = db.fetchone()
    missing = int(written[0]) if written else 0
    return (target if missing else None), missing, alive


def same_rows(db: duckdb.DuckDBPyConnection, before: Sequence[Path], after: Sequence[Path]) -> bool:
    """Whether two loads that each say everything say the same."""
    row = db.execute(
        """
        with before as (select record_id, record, is_deleted from read_parquet($before)),
        after as (select record_id, record, is_deleted from read_parquet($after))
        select not exists (from before except all from after)
            and not exists (from after except all from before)
        """,
        {"before": [str(p) for p in before], "after": [str(p) for p in after]},
    ).fetchone()
    return bool(row and row[0])


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
