"""What a driver contributed is its Shapley value: held against one that walks all orders."""

from __future__ import annotations

import itertools
import math
from statistics import fmean

import duckdb
import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.settings import DBT_PROJECT_DIR

FACTORS = st.tuples(
    *[st.integers(-1000, 1000).map(lambda number: number / 8) for _ in range(8)],
)


@pytest.fixture(scope="module")
def macros() -> jinja2.environment.TemplateModule:
    text = (DBT_PROJECT_DIR / "macros" / "kpi_effects.sql").read_text(encoding="utf-8")
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=True)
    return environment.from_string(text).module


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def worth(relation: str, values: list[float]) -> float:
    return values[0] / values[1] if relation == "ratio" else math.prod(values)


def walked(relation: str, before: list[float], now: list[float]) -> list[float]:
    """The mean over all orders of what changes when a factor goes from before to now."""
    steps: list[list[float]] = [[] for _ in before]
    for order in itertools.permutations(range(len(before))):
        values = list(before)
        for factor in order:
            earlier = worth(relation, values)
            values[factor] = now[factor]
            steps[factor].append(worth(relation, values) - earlier)
    return [fmean(step) for step in steps]


@pytest.mark.parametrize(
    ("relation", "count"), [("product", 2), ("product", 3), ("product", 4), ("ratio", 2)]
)
@given(drawn=FACTORS)
@example(drawn=(0.0,) * 8)
@example(drawn=(-1.0, 2.0, -3.0, 4.0, 5.0, -6.0, 7.0, 0.0))
def test_it_is_the_mean_over_all_orders_and_adds_up(
    macros: jinja2.environment.TemplateModule,
    db: duckdb.DuckDBPyConnection,
    relation: str,
    count: int,
    drawn: tuple[float, ...],
) -> None:
    before, now = list(drawn[:count]), list(drawn[4 : 4 + count])
    if relation == "ratio":
        before[1], now[1] = before[1] or 1.0, now[1] or 1.0
    names = [f"{side}{n + 1}" for side in ("before", "now") for n in range(count)]
    asked = ", ".join(
        str(macros.shapley(relation, count, position))  # type: ignore[attr-defined]
        for position in range(1, count + 1)
    )
    given_columns = ", ".join(f"?::double as {name}" for name in names)
    row = db.execute(f"select {asked} from (select {given_columns})", before + now).fetchone()
    assert row is not None
    expected = walked(relation, before, now)
    size = max(map(abs, expected), default=0.0)
    assert row == pytest.approx(expected, rel=1e-9, abs=1e-9 * max(size, 1.0))
    change = worth(relation, now) - worth(relation, before)
    assert sum(row) == pytest.approx(change, rel=1e-9, abs=1e-9 * max(size, 1.0))
