"""Child processes of the tests: `publish HOME` and `read | hold | parquet FILE STOP`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.publication import publish
from pipelines.settings import Home


def read(file: Path, stop: Path) -> dict[str, int]:
    """Open, look, hold and reopen the file until `stop` exists. Each publication holds the same
    number in every row of both facts, so two numbers in one look are a torn read."""
    seen: set[float] = set()
    reads = torn = errors = 0
    while not stop.exists():
        try:
            with duckdb.connect(str(file), read_only=True) as db:
                for _ in range(3):
                    values = db.execute(
                        "select distinct kpi_value from fct_kpi_status "
                        "union select distinct kpi_value from fct_kpi_values"
                    ).fetchall()
                    reads += 1
                    torn += len(values) != 1
                    seen.update(value for (value,) in values)
                    time.sleep(0.03)
        except duckdb.Error:
            errors += 1
    return {"reads": reads, "torn": torn, "errors": errors, "publications": len(seen)}


NUMBERS = "select distinct kpi_value from {status} union select distinct kpi_value from {values}"


def hold(file: Path, stop: Path) -> dict[str, int]:
    """Open once, look all the time, and open anew when `stop` exists."""
    own = NUMBERS.format(status="fct_kpi_status", values="fct_kpi_values")
    reads = torn = 0
    with duckdb.connect(str(file), read_only=True) as db:
        first = db.execute(own).fetchall()
        while not stop.exists():
            reads += 1
            torn += db.execute(own).fetchall() != first
            time.sleep(0.03)
    with duckdb.connect(str(file), read_only=True) as db:
        news = int(db.execute(own).fetchall() != first)
    return {"reads": reads, "torn": torn, "errors": 0, "publications": 1 + news}


def parquet(file: Path, stop: Path) -> dict[str, int]:
    """Follow the link once, then read both tables of that publication."""
    seen: set[float] = set()
    reads = torn = errors = 0
    while not stop.exists():
        folder = (file.parent / "parquet").resolve()
        tables = {
            name: f"read_parquet('{folder / table}.parquet')"
            for name, table in (("status", "fct_kpi_status"), ("values", "fct_kpi_values"))
        }
        try:
            with duckdb.connect() as db:
                values = db.execute(NUMBERS.format(**tables)).fetchall()
        except duckdb.Error:
            errors += 1
            continue
        reads += 1
        torn += len(values) != 1
        seen.update(value for (value,) in values)
        time.sleep(0.03)
    return {"reads": reads, "torn": torn, "errors": errors, "publications": len(seen)}


READERS = {"read": read, "hold": hold, "parquet": parquet}


def main(arguments: Sequence[str]) -> None:
    if arguments[0] == "publish":
        at = Home(Path(arguments[1]))
        publish(at.warehouse, at, run_id="child", keep=2)
    else:
        print(json.dumps(READERS[arguments[0]](Path(arguments[1]), Path(arguments[2]))))


if __name__ == "__main__":
    main(sys.argv[1:])
