"""Every row of the public tables of two warehouse files, side by side:

    python -m tests.spark.compare ONE.duckdb OTHER.duckdb

Doubles count as equal to one part in 1e9 (of the larger; of 1 below 1), since the order in which an
engine adds up is its own, and so do parts of a change, which are quotients cut off at ten digits;
everything else to the last digit.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.marts import MARTS, columns_of, quoted

TOLERANCE = 1e-9
DOUBLES = ("DOUBLE", "FLOAT")
QUOTIENTS = {"fct_kpi_contributions": ("contribution", "change_total")}
"""Decimals that come of dividing."""


@dataclass(frozen=True)
class Compared:
    """One table: its rows in both files, rows that only one has (by all that is no double), pairs
    of doubles that are further apart than they may, and how many pairs there were."""

    table: str
    rows: tuple[int, int]
    only_one: int
    only_other: int
    apart: int
    doubles: int
    columns_differ: str = ""

    @property
    def is_equal(self) -> bool:
        return not (self.only_one or self.only_other or self.apart or self.columns_differ)


def compare(one: Path, other: Path) -> list[Compared]:
    """Every public table of two warehouse files."""
    with duckdb.connect() as db:
        for name, file in (("one", one), ("other", other)):
            path = str(file).replace("'", "''")
            db.execute(f"attach '{path}' as {name} (read_only)")
        return [_table(db, mart.name, mart.key) for mart in MARTS]


def _table(db: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> Compared:
    columns, others = columns_of(db, table, "one"), columns_of(db, table, "other")
    rows = _rows(db, f"one.main.{table}"), _rows(db, f"other.main.{table}")
    if set(columns) != set(others):
        return Compared(table, rows, 0, 0, 0, 0, str(sorted(set(columns) ^ set(others))))
    doubles = [
        name
        for name, kind in columns.items()
        if kind in DOUBLES or name in QUOTIENTS.get(table, ())
    ]
    exact = ", ".join(
        f"cast({quoted(name)} as {kind}) as {quoted(name)}"
        for name, kind in columns.items()
        if name not in doubles
    )
    only = [
        _number(
            db,
            f"select count(*) from (select {exact} from {a}.main.{table} "
            f"except all select {exact} from {b}.main.{table})",
        )
        for a, b in (("one", "other"), ("other", "one"))
    ]
    apart = 0
    if doubles:
        assert key, f"{table} has doubles and no key"
        on = " and ".join(f"a.{quoted(k)} is not distinct from b.{quoted(k)}" for k in key)
        wrong = " + ".join(f"({_apart(f'a.{quoted(n)}', f'b.{quoted(n)}')})::int" for n in doubles)
        apart = _number(
            db,
            f"select coalesce(sum({wrong}), 0) from one.main.{table} a join other.main.{table} b "
            f"on {on}",
        )
    return Compared(table, rows, only[0], only[1], apart, len(doubles) * min(rows))


def _apart(a: str, b: str) -> str:
    a, b = f"{a}::double", f"{b}::double"
    far = f"abs({a} - {b}) > {TOLERANCE} * greatest(1, abs({a}), abs({b}))"
    return f"case when isfinite({a}) and isfinite({b}) then {far} else {a} is distinct from {b} end"


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> int:
    return _number(db, f"select count(*) from {table}")


def _number(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def told(found: list[Compared]) -> str:
    """A line for each table."""
    return "\n".join(
        f"{'same' if each.is_equal else 'DIFFERS':8}{each.table:24}{each.rows[0]:>9} "
        f"{each.rows[1]:>9} rows, only in one {each.only_one}, only in the other "
        f"{each.only_other}, {each.apart} of {each.doubles} doubles apart {each.columns_differ}"
        for each in found
    )


if __name__ == "__main__":
    print(told(compare(Path(sys.argv[1]), Path(sys.argv[2]))))
