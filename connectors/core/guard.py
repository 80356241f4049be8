"""What is believed of a source that suddenly tells far less than before.

A mishap at the source (a right that was taken away, a filter that was left on, a field that has
another name) looks like records that are gone, or like values that are empty. Believed, it would
end history; held back, it costs a day. So a load is held back until somebody says that it is right,
in `mapping.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.contract import Field, FieldType
from connectors.core.parts import texts

SMALLEST_SHARE = 0.5
SMALLEST_GUARDED = 20
"""Rows below which half as many is nothing to stop at: a list of a few people does change so."""
SMALLEST_EMPTIED = 5
"""Rows from which on nothing at all is something to stop at, where nobody said how many."""
SMALLEST_LACKING = 5
"""Records that must lack a field, for it to be more than one odd record or two."""
CHANCE = 1e-4
"""How improbable it must be that a field is empty in so many records, for it not to be believed."""
SMALLEST_FILLED = 0.5
"""Of a field that fewer have, some kinds of records may well have none, and come together."""
ENOUGH_ROWS = 5_000
"""Landed rows that tell how often a field is filled in."""


@dataclass(frozen=True)
class Guard:
    """How far a stream is believed.

    smallest_share: of the rows known before, how many a load that holds everything must have; 0
        believes anything. guarded_from: how many must be known before that counts.
    may_lack: fields that may be gone.
    """

    smallest_share: float = SMALLEST_SHARE
    guarded_from: int = SMALLEST_GUARDED
    may_lack: frozenset[str] = frozenset()

    def holds_back(self, before: int, after: int) -> bool:
        """Whether so few rows, where there were so many, are not believed."""
        if not self.smallest_share:
            return False
        enough = self.guarded_from
        if after == 0 and enough == SMALLEST_GUARDED:
            enough = SMALLEST_EMPTIED
        return before >= enough and after < before * self.smallest_share


# What a landed value of a type looks like, for Python and DuckDB alike; any text is a text.
_NUMBER = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
SHAPES: dict[FieldType, str] = {
    "text": r"(?s).+",
    "integer": r"-?[0-9]+",
    "decimal": _NUMBER,
    "percent": _NUMBER,
    "score": r"-?[0-9]+",
    "date": _DAY + r".*",
    "datetime": _DAY + r".*",
    "boolean": r"true|false",
}


@dataclass(frozen=True)
class Lack:
    """A field without a value of its type in all `records` of a load, and in how many of those
    landed before it had one."""

    field: Field
    records: int
    filled: int
    of: int


def lacks(
    loads: Sequence[tuple[Sequence[Path], int]], fields: Sequence[Field], records: int
) -> list[Lack]:
    """Which of these fields, that no record of a load has, had values before so often that this
    is no chance.

    loads: the files of each committed load and their number of rows, newest first. records: of the
    load. Loads that already lacked a field count with it: many small ones tell what a large one
    does.
    """
    if not fields or not records:
        return []
    left, streak = list(fields), dict.fromkeys([f.name for f in fields], records)
    filled = dict.fromkeys(streak, 0)
    total = dict.fromkeys(streak, 0)
    rows = 0
    with duckdb.connect(":memory:") as db:
        for files, number in loads:
            if rows >= ENOUGH_ROWS:
                break
            rows += number
            counted = _counted(db, files, left)
            alive = counted[0]
            for field, found in zip(left, counted[1:], strict=True):
                if found or total[field.name]:
                    filled[field.name] += found
                    total[field.name] += alive
                else:
                    streak[field.name] += alive
    return [
        Lack(field, records, filled[field.name], total[field.name])
        for field in left
        if _is_no_chance(filled[field.name], total[field.name], streak[field.name])
    ]


def _counted(
    db: duckdb.DuckDBPyConnection, files: Sequence[Path], fields: Sequence[Field]
) -> list[int]:
    """The records that are not deleted, and in how many of them each field has a value."""
    counts = ", ".join(
        f"count(*) filter (regexp_full_match(json_extract_string(record, '$.{f.name}'),"
        f" '{SHAPES[f.type]}'))"
        for f in fields
    )
    row = db.execute(
        f"select count(*), {counts} from read_parquet($files) where not is_deleted",
        {"files": texts(files)},
    ).fetchone()
    return [int(each) for each in row or ()]


def _is_no_chance(filled: int, of: int, records: int) -> bool:
    # Of few records nobody knows how often they have it: as if there had been two more, without.
    share = filled / (of + 2)
    enough = records >= SMALLEST_LACKING and share >= SMALLEST_FILLED
    return enough and records * math.log1p(-share) < math.log(CHANCE)
