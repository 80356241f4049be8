"""The published file opens in every DuckDB that BI tools bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.publication import publish
from pipelines.settings import Home
from tests.publication.tiny import fact, month, warehouse

LOOK = """
import sys
import duckdb
db = duckdb.connect(sys.argv[1], read_only=True)
print(duckdb.__version__)
print(db.execute("select kpi_value from fct_kpi_status").fetchone()[0])
print(db.execute('select "Unit" from kpi_overview').fetchone()[0])
print(db.execute("select comment from duckdb_columns() where column_name = 'unit'").fetchone()[0])
print(db.execute("select kpi_value from read_parquet(?)", [sys.argv[2]]).fetchone()[0])
"""


@pytest.mark.nightly
@pytest.mark.parametrize("version", ["1.1.3", "1.4.4", "1.5.2", "2.0.0"])
@pytest.mark.fault("F7")
def test_it_opens_in(tmp_path: Path, version: str) -> None:
    home = Home(tmp_path / "home")
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 95.0, "on_course")])
    publish(home.warehouse, home, run_id="r", keep=1)
    wheel = tmp_path / "wheel"
    got = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
         "--retries", "1", "--target", wheel, f"duckdb=={version}"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if got.returncode:
        pytest.skip(f"no wheel of DuckDB {version} can be had here: {got.stderr[-300:]}")
    table = home.publication().parent / "parquet" / "fct_kpi_status.parquet"
    said = subprocess.run(
        [sys.executable, "-S", "-c", LOOK, home.publication(), table],
        capture_output=True, text=True, env={"PYTHONPATH": str(wheel)}, timeout=120, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines() == [
        version, "95.0", "Team Noord", "eur, percent, count or score.", "95.0",
    ]  # fmt: skip
