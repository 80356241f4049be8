"""Both engines say the same of the sample company, row by row (`make spark-test`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.publication import current
from pipelines.settings import PROJECT_DIR, Home
from pipelines.spark.needs import SparkMissingError, check
from tests.spark.compare import compare, told

WANTED = bool(os.environ.get("KOERS_SPARK_TEST"))


def why_not() -> str:
    if not WANTED:
        return "asked for by `make spark-test` only: it takes two whole nightly runs"
    try:
        check()
    except SparkMissingError as error:
        return str(error)
    return ""


@pytest.mark.nightly
@pytest.mark.timeout(4 * 3600)
@pytest.mark.skipif(bool(reason := why_not()), reason=reason)
def test_every_fact_of_both_engines(tmp_path: Path) -> None:
    one, other = Home(tmp_path / "duckdb"), Home(tmp_path / "spark")
    run(one, "duckdb")
    shutil.copytree(one.landing, other.landing)
    run(other, "spark")
    found = compare(one.warehouse, other.warehouse)
    print("\n" + told(found))
    assert [each.table for each in found if not each.is_equal] == []
    facts = next(each for each in found if each.table == "fct_kpi_values")
    assert facts.rows[0] > 100_000
    for home in (one, other):
        published = current(home)
        assert published is not None
        with duckdb.connect(str(published.file), read_only=True) as db:
            assert db.execute("select count(*) from fct_kpi_values").fetchone() == (facts.rows[0],)


def run(home: Home, engine: str) -> None:
    environment = {**os.environ, "KOERS_HOME": str(home.root)}
    environment.setdefault("KOERS_SPARK_MASTER", "local[2]")
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "run", "--target", engine],
        cwd=PROJECT_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
