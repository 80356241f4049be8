"""A disk that is full, that fails, or that cannot be flushed: what stood before stands, the error
names the path, and the next run on a good disk is right (faults A4, A5, A6 and A8)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.core.disk import refused, room, size
from connectors.core.durable import replace_text
from pipelines.settings import Home
from pipelines.warehouse import make_ready
from tests.faults.disk_cases import CASES, calls_of, every, try_one
from tests.faults.failing_disk import with_failing_disk

# So many of the calls of each kind are tried here; all of them by the module itself.
STEPS = {"land": 12, "put_out": 40, "tell": 12, "say": 6, "note": 1}


@pytest.mark.fault("A5")
@pytest.mark.parametrize("kind", ["failing", "short"])
@pytest.mark.parametrize("scenario", CASES)
def test_the_old_or_the_new_after_a_write_that_fails(
    tmp_path: Path, scenario: str, kind: str
) -> None:
    assert sum(outcome.hits for outcome in every(kind, scenario, tmp_path, STEPS[scenario])) > 1


@pytest.mark.fault("A6")
@pytest.mark.parametrize("scenario", CASES)
def test_what_cannot_be_flushed_is_not_committed(tmp_path: Path, scenario: str) -> None:
    found = list(every("flush", scenario, tmp_path, STEPS[scenario]))
    assert any(outcome.error for outcome in found)


@pytest.mark.fault("A4")
@pytest.mark.parametrize("scenario", CASES)
def test_a_disk_that_stays_full(tmp_path: Path, scenario: str) -> None:
    calls = calls_of(scenario, "full", tmp_path / "calm")
    for nth in (1, calls // 2):
        outcome = try_one(scenario, "full", nth, tmp_path / str(nth), sticky=True)
        assert "No space left" in outcome.error or "full" in outcome.error or not outcome.error


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 16 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all room of a disk."""
    filler = disk / "filler"
    filler.write_bytes(b"\0" * room(disk))
    return filler


@pytest.mark.fault("A4")
@pytest.mark.parametrize("scenario", CASES)
def test_a_disk_that_is_really_full(small_disk: Path, scenario: str) -> None:
    case, home = CASES[scenario], Home(small_disk / "home")
    case.begin(home)
    filler = fill(small_disk)
    outcome = with_failing_disk(scenario, home.root, small_disk, "full", 0)
    assert outcome.error.split(":")[0] in case.told.split(), outcome.error
    assert str(home.root) in outcome.error
    if scenario != "tell":  # SQLite needs room to read what is in its log
        assert not case.done(home), "what was there before can be read, and stands"
    filler.unlink()
    assert not with_failing_disk(scenario, home.root, small_disk, "full", 0).error
    assert case.done(home)


@pytest.mark.fault("A4")
def test_what_is_needed_and_what_is_free_is_said(tmp_path: Path) -> None:
    error = OSError(28, "No space left on device")
    said = refused(tmp_path, error, needed=2_500_000)
    assert said.startswith(f"{tmp_path}: [Errno 28] No space left on device. ")
    assert "are free there, about 2.5 MB are needed: make room." in said
    assert room(tmp_path / "not" / "there") > 0
    assert [size(n) for n in (999, 1_000, 2_000_000_000, 3 * 10**12)] == [
        "999 bytes", "1.0 kB", "2.0 GB", "3.0 TB",
    ]  # fmt: skip


@pytest.mark.fault("A8")
def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    old, young = (tmp_path / f".record.json.{n}.new" for n in (1, 2))
    for left in (old, young):
        left.write_text("half")
    os.utime(old, (1, 1))
    replace_text(file, "whole")
    assert not old.exists()
    assert young.exists(), "its writer may be alive"
    assert file.read_text() == "whole"


@pytest.mark.fault("A8")
def test_a_half_made_warehouse_is_never_opened_as_one(tmp_path: Path) -> None:
    """A file that a process was killed at while DuckDB made it: junk of one page."""
    file = tmp_path / "koers.duckdb"
    file.write_bytes(os.urandom(4096))
    aside = make_ready(file)
    assert aside is not None
    assert aside.exists()
    assert not file.exists()
    duckdb.connect(str(file)).close()
