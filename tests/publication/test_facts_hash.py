"""Two builds of the same facts have the same hash; any other fact has another."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.marts import canonical
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


def test_what_was_hashed_before_is_hashed_so_still(db: duckdb.DuckDBPyConnection) -> None:
    """Manifests and backups of before are compared with what is made now."""
    rows = "('a', 1::double, 2::float, true), ('b', 1 / 3, -0.0, null), ('c', 1e15, 0.1, false)"
    before = "beb7c1f025cf278dffed08317fd221c77e04f5d55fcb67035f23fe1a1c13b151"
    assert hashed(db, rows, "kpi, kpi_value, target, is_closed") == before


@pytest.fixture(scope="module")
def numbers() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(
    st.floats(width=64)
    | st.integers(-(10**13), 10**13).map(float)
    | st.sampled_from([1e12, -1e12, 999_999_999_999.5, 1e12 - 1, -0.0, 2.0**63])
)
def test_a_double_counts_to_12_digits(numbers: duckdb.DuckDBPyConnection, number: float) -> None:
    text = numbers.execute(
        f"select {canonical('x', 'DOUBLE')}, format('{{:.12g}}', x + 0.0) "
        "from (select ?::double as x)",
        [number],
    ).fetchone()
    assert text
    assert text[0] == text[1]
