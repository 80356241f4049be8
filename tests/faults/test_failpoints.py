"""Every fail point there is, is one at which something is killed: by the nights, or elsewhere."""

from __future__ import annotations

import ast
import signal
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_DIR, Home
from tests.faults import sensor_child
from tests.faults.soak import ELSEWHERE, PLACES
from tests.zygote import forked


def failpoints() -> dict[str, str]:
    """By name, the module that has it. A name that is not written out fails."""
    found: dict[str, str] = {}
    for folder in ("connectors", "pipelines"):
        for file in sorted((PROJECT_DIR / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                    continue
                if node.func.id == "failpoint":
                    [name] = node.args
                    assert isinstance(name, ast.Constant), f"{file}:{node.lineno}"
                    assert name.value not in found, f"{name.value} is in {found[name.value]} too"
                    found[str(name.value)] = str(file.relative_to(PROJECT_DIR))
    return found


@pytest.mark.fault("A1")
def test_every_fail_point_is_killed_at_somewhere() -> None:
    covered = set(PLACES) | set(ELSEWHERE)
    assert set(failpoints()) == covered
    assert not set(PLACES) & set(ELSEWHERE)


@pytest.mark.fault("A1")
def test_the_tests_elsewhere_know_their_fail_points() -> None:
    there = failpoints()
    for name, test in ELSEWHERE.items():
        text = Path(PROJECT_DIR, test).read_text(encoding="utf-8")
        # By its name or its place alone; or since it takes all that its module has.
        collects = 'failpoint\\("' in text
        known = name in text or f'"{name.partition(".")[2]}"' in text
        assert known or collects, f"{test} says nothing of {name} ({there[name]})"


@pytest.mark.fault("A1", "E3")
def test_a_sensor_that_is_killed_asks_again_for_the_same(koers_home: Home) -> None:
    """What it asked for was not kept, so it is asked for once; and by the same name."""
    sensor_child.prepare(koers_home)
    died = forked("tests.faults.sensor_child", KOERS_FAILPOINT="digest_sensor.asks")
    assert died.returncode == -signal.SIGKILL
    first, again = (forked("tests.faults.sensor_child") for _ in range(2))
    assert first.returncode == 0, first.stderr.decode()
    assert first.stdout == again.stdout != b""
