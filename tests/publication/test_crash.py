"""After a kill at any place, readers have a whole publication and the next publish is right."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import pipelines
from connectors.core.durable import sha256
from pipelines.publication import current, publish, snapshots
from pipelines.settings import PROJECT_DIR, Home
from tests.publication.tiny import fact, month, warehouse
from tests.zygote import forked

SOURCE = Path(pipelines.__file__).parent
NAMES = sorted(
    {
        name
        for module in ("publication.py", "publication_build.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', (SOURCE / module).read_text())
    }
)
REPLACED = {"publish.after_replace", "publish.before_prune"}


def child(home: Home, failpoint: str) -> int:
    publishing = ("publish", str(home.root))
    return forked("tests.publication.child", *publishing, KOERS_FAILPOINT=failpoint).returncode


def value_in(file: Path) -> float:
    with duckdb.connect(str(file), read_only=True) as db:
        row = db.execute("select kpi_value from fct_kpi_status").fetchone()
    assert row
    return float(row[0])


def test_every_fail_point_is_known() -> None:
    assert len(NAMES) == 6


@pytest.mark.fault("A1")
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_publish(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 1.0, "on_course")])
    first = publish(home.warehouse, home, run_id="r", keep=2)
    warehouse(home.warehouse, [fact("revenue", "north", month(5), 2.0, "on_course")])

    assert child(home, name) == -signal.SIGKILL, "the fail point was not reached"

    after = current(home)
    assert after is not None
    assert (after.publication_id != first.publication_id) == (name in REPLACED)
    assert value_in(home.publication()) == (2.0 if name in REPLACED else 1.0)
    assert sha256(home.publication()) == after.sha256

    warehouse(home.warehouse, [fact("revenue", "north", month(5), 3.0, "on_course")])
    third = publish(home.warehouse, home, run_id="r", keep=2)
    assert current(home) == third
    assert value_in(home.publication()) == 3.0
    assert {p.file.stat().st_size > 0 for p in snapshots(home)} == {True}
    folder = home.publication().parent
    assert not [*folder.glob(".new-*"), *folder.glob("*.wal"), *folder.glob("*/.building-*")]
    assert (folder / "manifest.json").read_bytes() == (
        third.file.parent / "manifest.json"
    ).read_bytes()
    assert (folder / "parquet").resolve() == third.file.parent / "parquet"


@pytest.mark.fault("F2")
def test_three_readers_never_notice(tmp_path: Path) -> None:
    """One opens it again and again, one holds it open all the time, one reads the Parquet."""
    home = Home(tmp_path / "home")
    stop = tmp_path / "stop"

    def put(number: int) -> None:
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute("update fct_kpi_status set kpi_value = ?", [number])
        publish(home.warehouse, home, run_id="r", keep=40)

    rows = [fact("revenue", "north", month(m), 0.0, "on_course") for m in (1, 2, 3)]
    warehouse(home.warehouse, rows)
    put(0)
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.publication.child", kind, home.publication(), stop],
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind in ("read", "hold", "parquet")
    ]
    for number in range(1, 31):
        put(number)
    stop.touch()
    for reader, least in zip(readers, (4, 2, 4), strict=True):
        said, _ = reader.communicate(timeout=60)
        result = json.loads(said)
        assert result["errors"] == result["torn"] == 0
        assert result["reads"] > 3
        assert result["publications"] >= least, "a reader must have seen new publications come"
