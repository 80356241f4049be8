"""What holds of every target, whatever people agree on: its parts add up, over days and over units,
and attainment and payout never fall where the value gets better.

The SQL is that of the macros that the models call, run by itself.
"""

from __future__ import annotations

import itertools
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.settings import DBT_PROJECT_DIR

MACROS = DBT_PROJECT_DIR / "macros"
PARTS = st.lists(st.integers(0, 9999), min_size=1, max_size=40).filter(any)
SHARES = st.lists(st.integers(1, 9999), min_size=1, max_size=12)
UNITS = st.integers(-(10**12), 10**12)
VALUES = st.floats(-1e9, 1e9).map(lambda value: round(value, 2))
CURVE = {
    "threshold_attainment": 0.8,
    "threshold_payout": 0.5,
    "target_attainment": 1.0,
    "target_payout": 1.0,
    "cap_attainment": 1.2,
    "cap_payout": 1.5,
}


def macros(name: str) -> Any:
    text = (MACROS / f"{name}.sql").read_text(encoding="utf-8")
    return jinja2.Environment().from_string(text).module  # noqa: S701 - it makes SQL, not HTML


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def spread(
    database: duckdb.DuckDBPyConnection, units: int, weights: list[int], shares: list[int]
) -> list[list[int]]:
    """Per day the part of each unit, as int_target_days and int_target_shares have them cut."""
    part = macros("targets").target_part("units", "before", "until", "lower", "upper")
    due, cuts = [0, *itertools.accumulate(weights)], [0, *itertools.accumulate(shares)]
    days = [(n, a / due[-1], b / due[-1]) for n, (a, b) in enumerate(itertools.pairwise(due))]
    below = [(n, a / cuts[-1], b / cuts[-1]) for n, (a, b) in enumerate(itertools.pairwise(cuts))]
    rows = database.execute(
        f"select {part} from (select unnest($days, recursive := true)),"
        " (select unnest($below, recursive := true)), (select $units::bigint as units)"
        " order by day, unit",
        {
            "days": [{"day": n, "before": a, "until": b} for n, a, b in days],
            "below": [{"unit": n, "lower": a, "upper": b} for n, a, b in below],
            "units": units,
        },
    ).fetchall()
    found = [value for (value,) in rows]
    return [found[n : n + len(shares)] for n in range(0, len(found), len(shares))]


@pytest.mark.fault("D4")
@given(UNITS, PARTS, SHARES)
def test_days_and_units_add_up_to_the_target(
    database: duckdb.DuckDBPyConnection, units: int, weights: list[int], shares: list[int]
) -> None:
    parts = spread(database, units, weights, shares)
    of_all = [day[0] for day in spread(database, units, weights, [1])]
    assert sum(of_all) == units
    # Those below share out each day of it, so each week, month and quarter too.
    assert [sum(day) for day in parts] == of_all
    for number, share in enumerate(shares):
        exact = units * share / sum(shares)
        assert abs(sum(day[number] for day in parts) - exact) <= 1 + abs(exact) * 1e-12
    for day, (value, weight) in enumerate(zip(of_all, weights, strict=True)):
        exact = units * weight / sum(weights)
        assert abs(value - exact) <= 1 + abs(units) * 1e-12, day


def test_a_day_without_weight_gets_nothing(database: duckdb.DuckDBPyConnection) -> None:
    assert spread(database, 100, [0, 1, 0, 2], [1]) == [[0], [33], [0], [67]]
    # Three that share a cent evenly: one gets it, and the next cent is another's.
    assert spread(database, 3, [1, 1, 1], [1, 1, 1]) == [[0, 1, 0], [1, -1, 1], [0, 1, 0]]


def attained(
    database: duckdb.DuckDBPyConnection,
    direction: str,
    value: float,
    target: float,
    margin: float = 0,
) -> float | None:
    sql = macros("targets").attainment(
        "direction", "kpi_value", "target", "(target - margin)", "(target + margin)"
    )
    row = database.execute(
        f"select {sql} from (select $direction as direction, $value::double as kpi_value,"
        " $target::double as target, $margin::double as margin)",
        {"direction": direction, "value": value, "target": target, "margin": margin},
    ).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


@given(VALUES, VALUES, VALUES.filter(bool))
def test_attainment_rises_with_what_is_better(
    database: duckdb.DuckDBPyConnection, one: float, other: float, target: float
) -> None:
    low, high = sorted((one, other))
    for direction, (worse, better) in {"higher": (low, high), "lower": (high, low)}.items():
        at_worse, at_better = (
            attained(database, direction, value, target) for value in (worse, better)
        )
        assert at_worse is not None
        assert at_better is not None
        assert at_worse <= at_better
        assert (at_better >= 1) == (better >= target if direction == "higher" else better <= target)
    assert attained(database, "within", target, target, abs(target)) == 1


@pytest.mark.parametrize(
    ("direction", "value", "target", "margin", "attainment"),
    [
        ("higher", 90, 100, 0, 0.9),
        ("lower", 90, 100, 0, 1.1),
        ("lower", 200, 100, 0, 0),
        ("higher", -50, -100, 0, 1.5),  # a loss half as large as was feared
        ("lower", -50, -100, 0, 0.5),
        ("within", 109, 100, 10, 1),
        ("within", 130, 100, 10, 0.8),
        ("within", 70, 100, 10, 0.8),
        ("higher", 5, 0, 0, None),
        ("higher", 0, 0, 0, 1),
    ],
)
def test_attainment_by_hand(
    database: duckdb.DuckDBPyConnection,
    direction: str,
    value: float,
    target: float,
    margin: float,
    attainment: float | None,
) -> None:
    found = attained(database, direction, value, target, margin)
    assert found == (None if attainment is None else pytest.approx(attainment))


def paid(database: duckdb.DuckDBPyConnection, attainment: float) -> float:
    points = ", ".join(f"{value}::double as {name}" for name, value in CURVE.items())
    sql = macros("rewards").payout("$attainment::double", "curve")
    row = database.execute(
        f"select {sql} from (select {points}) as curve", {"attainment": attainment}
    ).fetchone()
    assert row is not None
    return float(row[0])


@given(st.floats(-2, 3), st.floats(-2, 3))
def test_payout_never_falls_and_has_an_end(
    database: duckdb.DuckDBPyConnection, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert 0 <= paid(database, low) <= paid(database, high) + 1e-12 <= 1.5 + 1e-9


def test_payout_by_hand(database: duckdb.DuckDBPyConnection) -> None:
    found = [paid(database, each) for each in (0.79, 0.8, 0.9, 1.0, 1.1, 1.2, 5)]
    assert found == pytest.approx([0, 0.5, 0.75, 1, 1.25, 1.5, 1.5])
