"""`koers run`, killed where it hurts: the next run makes what an undisturbed one would have made,
while a BI tool reads all along. `make soak` does more of it; tests/faults/soak.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults.nights import Kill, Nights, nights

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("nights")]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with nights(tmp_path_factory.mktemp("nights")) as made:
        made.undisturbed(1)
        yield made


FRONT = [
    Kill("landing.before_commit", 2),
    Kill("inbox.after_archive"),
    Kill("pull.page", 2),
]
BEHIND = [
    Kill("publish.after_replace"),
    Kill("watch.before_commit"),
    Kill("record.before_rename", 2),
    Kill("deliver.sent"),
]
IN_DBT = [Kill("build.result", 3, alone=True), Kill("build.result", 60)]


def assert_survived(made: Nights, kills: list[Kill], **options: object) -> None:
    ending = made.disturbed(kills, at=1, **options)  # type: ignore[arg-type]
    assert ending.missed == [], "a fault that is not hit shows nothing"
    assert ending.wrong == []


@pytest.mark.fault("A1", "E1", "E2", "E3", "F2", "A12")
def test_killed_in_every_room(at: Nights) -> None:
    """With what dbt made before. In the end Dagster's storage is lost too."""

    def lose() -> None:
        shutil.rmtree(at.home.dagster)

    assert_survived(at, [*FRONT, *BEHIND], dbt=False, before_last=lose)


@pytest.mark.skipif(
    "NIGHTS_WITH_DBT" not in os.environ,
    reason="minutes of dbt: set NIGHTS_WITH_DBT=1; make soak does it too",
)
@pytest.mark.fault("A1", "A2")
def test_killed_while_dbt_builds(at: Nights) -> None:
    """Once without dbt, which goes on by itself, and once with it."""
    assert_survived(at, IN_DBT)
