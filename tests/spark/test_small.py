"""A small project through `koers-spark-dbt`, as a nightly run starts it, on each kind of Spark: SQL
models, the bands on the workers, and the copy into the warehouse file with every type as it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.dbt import dbt_command, dbt_env
from pipelines.settings import DBT_PROJECT_DIR, Home, Settings
from pipelines.spark.needs import MASTER_VARIABLE
from tests.spark.servers import connect, environment, standalone, why_not

moment = dt.datetime.fromisoformat  # UTC, without saying so: what DuckDB's TIMESTAMP is
PROJECT = Path(__file__).with_name("small")

TYPES = [
    ("kpi", "VARCHAR"), ("a_text", "VARCHAR"), ("a_date", "DATE"), ("a_moment", "TIMESTAMP"),
    ("an_amount", "DECIMAL(28,4)"), ("a_long_decimal", "DECIMAL(38,10)"), ("a_double", "DOUBLE"),
    ("a_long", "BIGINT"), ("an_int", "INTEGER"), ("a_flag", "BOOLEAN"),
]  # fmt: skip
ROWS = [
    ("none", *[None] * 9),
    ("one", "Één \"quote\" '\nx", dt.date(2024, 2, 29),
     moment("2026-03-29T01:30:00.123456"), Decimal("-0.1200"),
     Decimal("12345678901234567890123456.0123456789"), 0.1, 2**63 - 1, -5, True),
    ("three", "z", dt.date(9999, 12, 31), moment("9999-12-31T23:59:59"),
     Decimal("-999999999999999999999999.9999"), Decimal(1), -math.inf, 0, 2**31 - 1, None),
    ("two", "", dt.date(1970, 1, 1), moment("1969-12-31T23:59:59.999999"),
     Decimal("9.9999"), Decimal(0), "nan", 1 - 2**63, 0, False),
]  # fmt: skip


def local(_: Path) -> contextlib.AbstractContextManager[str]:
    return contextlib.nullcontext("local[1]")


@pytest.mark.nightly
@pytest.mark.skipif(bool(reason := why_not()), reason=reason)
@pytest.mark.parametrize("spark", [local, standalone, connect])
def test_a_build_on_each_kind_of_spark(
    koers_home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spark: Callable[[Path], contextlib.AbstractContextManager[str]],
) -> None:
    with spark(tmp_path) as master:
        monkeypatch.setenv(MASTER_VARIABLE, master)
        for _ in range(2 if spark is connect else 1):  # the server knows the tables of before
            said = build(koers_home)
    if spark is standalone:
        assert list((tmp_path / "work").glob("app-*/*/stderr")), "no worker did anything"
    assert ("target='spark_connect'" in said) is (spark is connect)
    with duckdb.connect(str(koers_home.warehouse), read_only=True) as db:
        for table in ("dim_kpi", "kpi_targets"):
            described = db.execute(f"describe {table}").fetchall()
            assert [(name, kind) for name, kind, *_ in described] == TYPES
        rows = db.execute("select * from dim_kpi order by kpi").fetchall()
        assert [tuple(map(nan_as_text, row)) for row in rows] == ROWS
        assert db.execute("select count(*) from kpi_targets").fetchone() == (0,)
        assert db.execute(
            "select count(distinct kpi), sum(numerator), count(kpi_value), "
            "count(*) filter (abs(kpi_value * 7 - kpi::int) < 1e-9) from fct_kpi_values"
        ).fetchone() == (30_000, Decimal(30_000 * 29_999 // 2) / 4, 20_000, 20_000)
        assert dict(
            db.execute("select process_status, count(*) from fct_kpi_status group by 1").fetchall()
        ) == {"insufficient_data": 48, "stable": 160}
        assert db.execute("select * from stg_small__deals order by record_id").fetchall()[0] == (
            "1", "0", moment("2026-03-01T12:00"), False, None,
        )  # fmt: skip


def build(home: Home) -> str:
    """What `koers-spark-dbt build` said, in the environment that a run gives it."""
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    given = dbt_env(home, Settings(engine="spark"), project=PROJECT, base=environment())
    given |= {"DBT_PROFILES_DIR": str(DBT_PROJECT_DIR), "KOERS_SPARK_MEMORY": "1g"}
    done = subprocess.run(
        [str(dbt_command("spark")), "--no-use-colors", "build"],
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def nan_as_text(value: object) -> object:
    return "nan" if isinstance(value, float) and math.isnan(value) else value
