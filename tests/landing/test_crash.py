"""Killed at any place, the next run lands what an undisturbed one would have, once."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

import connectors.core
from connectors.core.export import ingest_inbox
from tests.landing.making import LISTS, NOW, TOOL, csv, deal, ingest, landed, leftovers, put
from tests.zygote import forked

SOURCE = Path(connectors.core.__file__).parent
NAMES = sorted(
    {
        name
        for file in SOURCE.glob("*.py")
        # An ingest changes no load (tests/privacy does) and replaces no text (tests/faults).
        if file.name not in ("durable.py", "rewriting.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', file.read_text())
    }
)


def fill(home: Path) -> None:
    put(home, TOOL, "a.csv", csv([deal(1), deal(2, "x"), deal(3)]), age=90)
    put(home, TOOL, "b.csv", csv([deal(3, "3,00", "01-03-2026 10:00"), deal(4)]), age=80)
    put(home, TOOL, "v.csv", csv([["1", "01-02-2026", "x"]], "visit_id;visited_on;note"), age=70)
    put(home, LISTS, "u.csv", "unit_id,title\nnoord,Noord\n", age=60)


def everything(home: Path) -> list[dict[str, str]]:
    return [landed(home), landed(home, TOOL, "visits"), landed(home, LISTS, "units")]


def child(home: Path, failpoint: str) -> int:
    return forked(
        "tests.landing.child",
        str(home),
        without=("KOERS_PSEUDONYM_KEY",),
        KOERS_PSEUDONYM_KEY_FILE=str(home.parent / "key"),
        KOERS_FAILPOINT=failpoint,
    ).returncode


def test_the_fail_points_are_these() -> None:
    assert len(NAMES) >= 9


AGAIN = ["landing.before_commit", "landing.after_commit", "inbox.after_archive"]
CASES = [*((name, 1) for name in NAMES), *((name, 2) for name in AGAIN)]


@pytest.mark.fault("A1")
@pytest.mark.parametrize(("name", "nth"), CASES)
def test_a_killed_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, nth: int
) -> None:
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    fill(killed)
    assert child(killed, f"{name}:{nth}") == -signal.SIGKILL, "the fail point was not reached"
    monkeypatch.delenv("KOERS_PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY_FILE", str(tmp_path / "key"))
    for connector in (TOOL, LISTS):
        ingest(killed, connector)
    fill(calm)
    for connector in (TOOL, LISTS):
        ingest_inbox(connector, calm / "inbox", calm / "landing", now=NOW, settle_seconds=0)
    assert everything(killed) == everything(calm)
    assert leftovers(killed) == []
    assert not [f for f in (killed / "inbox").glob("[!a]*/*") if f.is_file()], "all archived"
    archived = sorted(f.name.split("__")[-1] for f in (killed / "inbox/archive").rglob("*.csv"))
    assert archived == ["a.csv", "b.csv", "u.csv", "v.csv"]
    for connector in (TOOL, LISTS):
        assert not ingest(killed, connector).loads, "a third run finds nothing"
