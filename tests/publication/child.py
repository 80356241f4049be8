"""Child processes of the tests: `publish HOME` and `read FILE STOP`."""

from __future__ import annotations

import json
import sys
import time
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


if __name__ == "__main__":
    if sys.argv[1] == "publish":
        at = Home(Path(sys.argv[2]))
        publish(at.warehouse, at, run_id="child", keep=2)
    else:
        print(json.dumps(read(Path(sys.argv[2]), Path(sys.argv[3]))))
