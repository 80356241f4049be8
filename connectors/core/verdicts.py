"""Which of the rows of a load are kept, where several have the same record id.

Of a record's rows the newest is kept: by the source's own update time, and among equals the row of
the later file. What is older, or says the same as an earlier row, is a duplicate. Two rows of one
file that differ, with nothing to say which is newer, are a conflict: the last is kept, and the
others are rejected where a person can see them. An API gives its records one after another, so
there the later one is newer, and what is landed already is a duplicate too.

Works on the table `seen` of `connectors.core.parts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

_DROPPED = """
    create or replace temp table dropped as
    with repeated as (select id from seen group by id having count(*) > 1),
    ranked as (
        select seen.*, rank() over (
            partition by id order by updated_at desc nulls last, source desc,
            case when $in_order then seq end desc
        ) as age
        from seen semi join repeated using (id)
    ),
    newest as (
        select
            id,
            arg_max(content, seq) as kept_content,
            arg_max(row_number, seq) as kept_row
        from ranked where age = 1 group by id
    ),
    kept as (
        select id, min(seq) as kept_seq
        from ranked join newest using (id)
        where content = kept_content
        group by id
    )
    select ranked.seq, ranked.source, ranked.row_number, newest.kept_row,
        age = 1 and content != kept_content as is_conflict
    from ranked join newest using (id) join kept using (id)
    where ranked.seq != kept_seq
"""

_ALREADY_LANDED = """
    insert into dropped
    select seen.seq, seen.source, seen.row_number, seen.row_number, false
    from seen
    join landed on
        seen.id = landed.id and seen.content = landed.content
        and seen.is_deleted = landed.is_deleted
        and seen.updated_at is not distinct from landed.updated_at
    anti join dropped on seen.seq = dropped.seq
"""


@dataclass
class Tally:
    """What became of the rows that one source gave."""

    loaded: int = 0
    rejected: int = 0
    duplicate: int = 0


def judge(
    db: duckdb.DuckDBPyConnection,
    left_out: Sequence[int],
    *,
    in_order: bool = False,
) -> dict[int, Tally]:
    """Leaves a table `dropped` (seq, source, row_number, kept_row, is_conflict) in `db`, and
    counts per source. What is left out goes from `seen`.

    left_out: the sources that are not landed after all. in_order: of rows that nothing else tells
    apart the later is newer, and what a table `landed` says already is dropped.
    """
    db.execute(
        "delete from seen where list_contains($left_out, source)", {"left_out": list(left_out)}
    )
    db.execute(_DROPPED, {"in_order": in_order})
    if in_order:
        db.execute(_ALREADY_LANDED)
    counted = db.execute(
        """
        select source, count(*) filter (dropped.seq is null), count(*) filter (is_conflict),
            count(*) filter (not is_conflict)
        from seen left join dropped using (seq, source)
        group by source
        """
    ).fetchall()
    return {source: Tally(loaded, conflict, same) for source, loaded, conflict, same in counted}
