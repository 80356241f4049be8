"""Two builds of the same facts have the same hash; any other fact has another."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.publication import facts_hash


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def hashed(db: duckdb.DuckDBPyConnection, rows: str, columns: str = "kpi, kpi_value") -> str:
    db.execute(
        f"create or replace table fct_kpi_values as select * from (values {rows}) t({columns})"
    )
    return facts_hash(db)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("('a', 1::double), ('b', 2)", "('b', 2::double), ('a', 1)"),
        ("('a', 0.1::double + 0.2)", "('a', 0.3::double)"),
        ("('a', 0::double)", "('a', -0.0::double)"),
    ],
)
def test_the_same(db: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    assert hashed(db, one) == hashed(db, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("('a', 1::double)", "('a', 1.00001::double)"),
        ("('a', null::double)", "('a', 0::double)"),
        ("('a', null::double)", "('a', 'nan'::double)"),
        ("('a', 1::double)", "('a', 1::double), ('a', 1)"),
        ("('a', 1::double), ('a', 1), ('b', 1), ('b', 1)", "('a', 1::double), ('b', 1)"),
        ("('a', 1::double), ('b', 2)", "('a', 2::double), ('b', 1)"),
        ("('', null::double)", "(null, null::double)"),
    ],
)
def test_another(db: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    assert hashed(db, one) != hashed(db, other)


@pytest.mark.parametrize("column", ["load_id", "first_loaded_at"])
def test_when_a_row_was_computed_is_no_difference(
    db: duckdb.DuckDBPyConnection, column: str
) -> None:
    one = hashed(db, "('a', 1, 'x')", f"kpi, kpi_value, {column}")
    assert one == hashed(db, "('y', 1, 'a')", f"{column}, kpi_value, kpi")


def test_it_can_look_into_an_attached_database(db: duckdb.DuckDBPyConnection) -> None:
    here = hashed(db, "('a', 1)")
    db.execute("attach ':memory:' as other")
    db.execute("create table other.fct_kpi_values as from fct_kpi_values")
    db.execute("drop table fct_kpi_values")
    assert facts_hash(db, database="other") == here != facts_hash(db)
