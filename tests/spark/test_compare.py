"""The comparison of two engines finds what it is there for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.marts import MARTS
from tests.spark.compare import compare

ROW = {"kpi": "'a'", "org_unit_id": "'u'", "grain": "'day'", "period_start": "date '2026-03-01'",
       "numerator": "1.50::decimal(28, 4)", "kpi_value": "0.1::double"}  # fmt: skip


def write(file: Path, row: dict[str, str]) -> Path:
    with duckdb.connect(str(file)) as db:
        for mart in MARTS:
            values = row if mart.name == "fct_kpi_values" else {"x": "1"}
            columns = ", ".join(f"{value} as {name}" for name, value in values.items())
            db.execute(f"create table {mart.name} as select {columns}")
    return file


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({}, False),
        ({"kpi_value": "0.1::double + 1e-12"}, False),
        ({"kpi_value": "0.1::double + 1e-8"}, True),
        ({"kpi_value": "null::double"}, True),
        ({"kpi_value": "'nan'::double"}, True),
        ({"numerator": "1.5001::decimal(28, 4)"}, True),
        ({"kpi": "'b'"}, True),
        ({"more": "1"}, True),
    ],
)
def test_a_difference_is_found(tmp_path: Path, changed: dict[str, str], differs: bool) -> None:
    one = write(tmp_path / "one.duckdb", ROW)
    other = write(tmp_path / "other.duckdb", ROW | changed)
    found = [each.table for each in compare(one, other) if not each.is_equal]
    assert found == (["fct_kpi_values"] if differs else [])
