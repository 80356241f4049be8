"""BI clients against a file that is swapped under them. The heavy ones are made by `make clients`
in `.venv/clients`, and skipped where they are not."""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.publication import publish
from pipelines.settings import PROJECT_DIR, Home
from tests.publication.tiny import fact, month, warehouse

SCRIPTS = Path(__file__).parent / "clients"
MADE = PROJECT_DIR / ".venv" / "clients"
PUBLICATIONS = 6


@dataclass(frozen=True)
class Client:
    """`by` runs `script`. `shares`: whether a second connection in a process that still holds the
    old file gets that one too, as within one DuckDB; None where a file is not held open."""

    script: str
    by: Path
    shares: bool | None = True


OTHER = MADE / "bin" / "python"
CLIENTS = {
    "duckdb": Client("plain.py", OTHER),
    "pandas": Client("pandas_parquet.py", OTHER, None),
    "sqlalchemy": Client("alchemy.py", OTHER),
    "sqlalchemy without a pool": Client("alchemy_unpooled.py", OTHER, None),
    "adbc": Client("adbc.py", OTHER, False),
    "polars": Client("polars_parquet.py", OTHER, None),
    "node": Client("node.mjs", Path("node"), False),
}


def start(client: Client, way: str, file: Path, stop: Path) -> subprocess.Popen[str]:
    script = SCRIPTS / client.script
    if client.by.name == "node":
        # Node looks for packages beside the script.
        script = MADE / client.script
        script.write_bytes((SCRIPTS / client.script).read_bytes())
    return subprocess.Popen(
        [client.by, script, way, file, stop],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def is_there(client: Client) -> bool:
    if client.by.name == "node":
        return (MADE / "node_modules" / "@duckdb" / "node-api").is_dir()
    return client.by.exists()


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.fault("F2")
def test_it_never_notices_that_the_file_is_swapped(tmp_path: Path, name: str) -> None:
    client = CLIENTS[name]
    if not is_there(client):
        pytest.skip(f"{name} is tried by `make clients`")
    home, stop = Home(tmp_path / "home"), tmp_path / "stop"
    warehouse(
        home.warehouse, [fact("revenue", "north", month(m), 0.0, "on_course") for m in (1, 2)]
    )

    def put(number: int) -> None:
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute("update fct_kpi_status set kpi_value = ?", [number])
        publish(home.warehouse, home, run_id="r", keep=PUBLICATIONS)

    put(0)
    ways = ("reopen",) if client.shares is None else ("reopen", "hold")
    told: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as running:
        started = {}
        for way in ways:
            process = running.enter_context(start(client, way, home.publication(), stop))
            running.callback(process.kill)
            started[way] = process
        for process in started.values():
            assert process.stdout is not None
            process.stdout.readline()  # it has looked once, or ended
        for number in range(1, PUBLICATIONS):
            put(number)
        stop.touch()
        for way, process in started.items():
            out, wrong = process.communicate(timeout=60)
            assert process.returncode == 0, wrong
            told[way] = json.loads(out.splitlines()[-1])
    print(f"\n{name}: {told}")
    for found in told.values():
        assert found["errors"] == []
        assert found["torn"] == 0
        assert found["reads"] > 3
    assert told["reopen"]["seen"] > 1, "who connects again gets the new one"
    if "hold" in told:
        assert told["hold"]["new_beside_the_old"] is not client.shares
        assert told["hold"]["new_after_closing"]
