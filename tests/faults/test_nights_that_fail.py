"""A build that fails, code that changes under a run, a landing that somebody wants to erase from
meanwhile: what readers then see, and what the next night does."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator

import duckdb
import pytest

from pipelines import inputs
from pipelines.lock import BusyError, held
from pipelines.nightly import NightlyResult, RunFailedError, nightly
from pipelines.operations.heartbeat import beat
from pipelines.publication import current, publish
from pipelines.settings import Channel, Home, Settings
from pipelines.status import status
from pipelines.watch.ledger import open_alerts
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
OFF = fact("revenue", "north", month(6), 80.0, "off_course")
ON = fact("revenue", "north", month(6), 95.0, "on_course")


class Building:
    """A runner whose build takes as long as `meanwhile`, and may fail after half of it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.fact = OFF
        self.fails = False
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None

    @contextlib.contextmanager
    def open(self) -> Iterator[Building]:
        yield self

    def ingest(self, connector: str) -> str | None:
        (self.home.landing / connector / "deals" / "load=1").mkdir(parents=True, exist_ok=True)
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        self.asked.append("full" if full_refresh else "build")
        self.meanwhile()
        # As dbt leaves it: what came before the failure is built, in the warehouse alone.
        warehouse(self.home.warehouse, [self.fact])
        if self.fails:
            with duckdb.connect(str(self.home.warehouse)) as db:
                db.execute("drop view fct_kpi_values")
            return "model int_kpi_values failed"
        made = publish(self.home.warehouse, self.home, run_id="r", keep=2)
        watch(made, self.home.ledger, [HOOK], lambda: NOW)
        beat(self.home)
        return None

    def run(self) -> NightlyResult:
        return nightly(self.home, Settings(), ["crm"], self.open, pulled=["crm"])


@pytest.fixture
def building(koers_home: Home) -> Building:
    return Building(koers_home)


@pytest.mark.fault("F8")
def test_a_model_that_fails_publishes_nothing_and_heals_nothing(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing: the figures of before stand, as those of their time, and so do their
    alerts, though the half of the new build that is there would have ended them."""
    home = building.home
    building.run()
    before, said = current(home), status(home)
    (heart,) = [(home.state / "heartbeat.json").read_text()]
    assert before is not None
    assert open_alerts(home.ledger) == 1

    building.fact, building.fails = ON, True
    monkeypatch.setattr(inputs, "project_hash", lambda: "an edited model")
    with pytest.raises(RunFailedError, match="int_kpi_values failed"):
        building.run()
    assert current(home) == before
    with duckdb.connect(str(home.publication()), read_only=True) as facts:
        assert facts.execute("select status from fct_kpi_status").fetchall() == [("off_course",)]
    assert open_alerts(home.ledger) == 1
    now = status(home)
    for name in ("publication", "last_build_at", "last_run_at", "judged_at"):
        assert now[name] == said[name], f"{name} is how old the figures are"
    assert (home.state / "heartbeat.json").read_text() == heart

    building.fails = False
    assert building.run().built, "the next night tries again, though nothing new came in"
    assert building.asked[-1] == "full"
    assert open_alerts(home.ledger) == 0
    assert current(home) != before


@pytest.mark.fault("F8")
def test_half_a_build_cannot_be_published_by_hand_either(building: Building) -> None:
    from pipelines.publication import PublicationError

    building.run()
    before = current(building.home)
    building.fails = True
    warehouse(building.home.warehouse, [ON])
    with duckdb.connect(str(building.home.warehouse)) as db:
        db.execute("drop view fct_kpi_values")
    with pytest.raises(PublicationError, match="has no table fct_kpi_values"):
        publish(building.home.warehouse, building.home, run_id="by hand", keep=2)
    assert current(building.home) == before


@pytest.mark.fault("F9")
@pytest.mark.parametrize("part", ["models", "code"])
def test_code_that_changes_during_a_run_is_built_by_the_next(
    building: Building, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """The run says that it was made from the code it began with."""
    real, newer = inputs.build_inputs, "of a newer release"

    def changes() -> None:
        monkeypatch.setattr(
            "pipelines.nightly.build_inputs",
            lambda home, settings: real(home, settings) | {part: newer},
        )

    building.meanwhile = changes
    assert building.run().built
    building.meanwhile = lambda: None
    assert building.run().built, "what was built while the code changed is built again"
    assert building.asked == ["full", "full" if part == "models" else "build"]
    assert not building.run().built


@pytest.mark.fault("F10")
def test_who_would_erase_waits_while_a_build_reads(building: Building) -> None:
    """Whatever changes the landing besides landing more takes the lock of the run."""
    tried: list[str] = []

    def erase() -> None:
        try:
            with held(building.home.run_lock, "an erasure", wait_seconds=0.0):
                tried.append("erased")
        except BusyError as error:
            tried.append(str(error))

    def meanwhile() -> None:
        other = threading.Thread(target=erase)
        other.start()
        other.join()

    building.meanwhile = meanwhile
    building.run()
    (said,) = tried
    assert "koers run" in said
    erase()
    assert tried[-1] == "erased"
