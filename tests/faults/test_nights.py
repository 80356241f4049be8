"""`koers run`, killed where it hurts: the next run makes what an undisturbed one would have made,
while a BI tool reads all along. `make soak` does more of it; tests/faults/soak.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.typeform import TOKEN
from tests.faults.canaries import leaks, plain_canary
from tests.faults.nights import Kill, Nights, hours_pass, nights

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


@pytest.mark.fault("G3")
def test_no_secret_is_in_any_byte_of_a_night(at: Nights, tmp_path: Path) -> None:
    """Of the landing, the warehouse, what is published, the ledger, the report and all that Dagster
    keeps; neither where the vendor and the channel refuse, nor where all is well."""
    at.put_back(1)
    secrets = [TOKEN, *(plain_canary(number) for number in (90, 91, 92))]
    _, key, password, path = secrets
    address = at.hook.url.removeprefix("json://").removesuffix("/alerts")
    said = ""
    for is_down, faults in (
        (True, [Fault("status", path="/responses", status=401, times=9)]),
        (False, []),
    ):
        at.hook.is_down = is_down
        code = at.night(
            at=1, dbt=False, faults=faults, KOERS_PSEUDONYM_KEY=key,
            KOERS_HOOK=f"json://user:{password}@{address}/{path}",
        )  # fmt: skip
        said += at.said
        assert (code != 0) == is_down, at.said
        hours_pass(at.home)
    assert at.hook.refused
    assert at.hook.got
    assert list(at.home.dagster.rglob("*.db"))
    (tmp_path / "said.txt").write_text(said)
    assert leaks(secrets, [at.home.root, tmp_path]) == []


@pytest.mark.skipif(
    "NIGHTS_WITH_DBT" not in os.environ,
    reason="minutes of dbt: set NIGHTS_WITH_DBT=1; make soak does it too",
)
@pytest.mark.fault("A1", "A2")
def test_killed_while_dbt_builds(at: Nights) -> None:
    """Once without dbt, which goes on by itself, and once with it."""
    assert_survived(at, IN_DBT)
