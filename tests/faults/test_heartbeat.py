"""Who watches the watchman: what a monitor on another machine sees of a Koers that lives, and of
one that does not."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator

import pytest

from pipelines.nightly import RunFailedError, nightly
from pipelines.operations.heartbeat import beat, ping, post
from pipelines.publication import open_publication, publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.status import lines, status
from pipelines.watch.delivery import deliver
from pipelines.watch.ledger import last_evaluation
from pipelines.watch.watching import watch
from tests.faults.channels import Scripted, scripted
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
OFF = fact("revenue", "north", month(6), 80.0, "off_course")

pytestmark = pytest.mark.fault("E10")


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with scripted() as channel:
        monkeypatch.setenv("KOERS_HEARTBEAT_URL", channel.plain)
        yield channel


class Night:
    """What `koers run` would do, in as far as a publication and its watch go."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.wrong: str | None = None
        self.forgets_to_judge = False

    @contextlib.contextmanager
    def open(self) -> Iterator[Night]:
        yield self

    def ingest(self, connector: str) -> str | None:
        (self.home.landing / connector / "deals" / "load=1").mkdir(parents=True, exist_ok=True)
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        if self.wrong:
            return self.wrong
        warehouse(self.home.warehouse, [OFF])
        made = publish(self.home.warehouse, self.home, run_id="r", keep=2)
        if not self.forgets_to_judge:
            watch(made, self.home.ledger)
            beat(self.home)
        return None

    def run(self) -> list[str]:
        said: list[str] = []
        nightly(
            self.home, Settings(), ["crm"], self.open, pulled=["crm"], full_refresh=True,
            progress=said.append,
        )  # fmt: skip
        return [line for line in said if line.startswith("heartbeat")]


def kept(home: Home) -> dict[str, str | None]:
    content: dict[str, str | None] = json.loads((home.state / "heartbeat.json").read_text())
    return content


def test_each_good_night_is_told(koers_home: Home, monitor: Scripted) -> None:
    began = dt.datetime.now(dt.UTC).replace(microsecond=0)
    assert Night(koers_home).run() == []
    assert len(monitor.got) == 1
    said = kept(koers_home)
    for moment in ("night_ended_at", "judged_at", "written_at"):
        assert began <= dt.datetime.fromisoformat(str(said[moment])) <= dt.datetime.now(dt.UTC)
    Night(koers_home).run()
    assert len(monitor.got) == 2


def test_a_night_that_fails_is_a_beat_that_stays_away(koers_home: Home, monitor: Scripted) -> None:
    night = Night(koers_home)
    night.run()
    before = kept(koers_home)
    night.wrong = "a model failed"
    with pytest.raises(RunFailedError):
        night.run()
    assert kept(koers_home) == before, "its age is what a monitor sees"
    assert len(monitor.got) == 1


def test_a_publication_that_nobody_judges_is_no_good_night(
    koers_home: Home, monitor: Scripted
) -> None:
    """The watch, the only part that tells owners, is what died."""
    night = Night(koers_home)
    night.run()
    judged = kept(koers_home)["judged_at"]
    night.forgets_to_judge = True
    (said,) = night.run()
    assert said.startswith("heartbeat: not sent, since publication")
    assert len(monitor.got) == 1
    assert kept(koers_home)["judged_at"] == judged


def test_a_watch_that_nobody_hears_is_no_good_night(
    koers_home: Home, monitor: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Settings(alerts=Alerts(channels=[HOOK]))
    warehouse(koers_home.warehouse, [OFF])
    made = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watch(made, koers_home.ledger, [HOOK], lambda: NOW)
    said: list[str] = []
    for later in (0, 1):
        deliver(koers_home.ledger, [HOOK], lambda at=NOW + later * DAY: at, environment={})  # type: ignore[misc]
        assert ping(koers_home, chosen, said.append, lambda at=NOW + later * DAY: at) is (  # type: ignore[misc]
            later == 0
        )
    assert said == ["heartbeat: not sent, since messages cannot be delivered over hook"]
    assert len(monitor.got) == 1


@pytest.mark.parametrize("trouble", [500, 302, "gone"])
def test_a_monitor_in_trouble_holds_nothing_up(
    koers_home: Home, monitor: Scripted, trouble: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(trouble, int):
        monitor.script = [trouble]
    else:
        monkeypatch.setenv("KOERS_HEARTBEAT_URL", "http://127.0.0.1:9/s3cret-address")
    (said,) = Night(koers_home).run()
    assert said.startswith("heartbeat: the monitor ")
    assert "s3cret" not in said
    assert kept(koers_home)["night_ended_at"]


@pytest.mark.parametrize(
    "wrong", ["http://monitor.example/s3cret", "ftp://x/s3cret", "s3cret-and-no-url", "https://"]
)
def test_an_address_that_would_be_heard_by_others_is_not_used(koers_home: Home, wrong: str) -> None:
    said: list[str] = []

    def never(url: str) -> int:
        raise AssertionError(url)

    given = {"KOERS_HEARTBEAT_URL": wrong}
    assert not ping(koers_home, Settings(), said.append, send=never, environment=given)
    assert said == ["heartbeat: KOERS_HEARTBEAT_URL must begin with https://"]


def test_without_an_address_nothing_is_posted(koers_home: Home) -> None:
    assert not ping(koers_home, Settings(), send=post, environment={})


def test_the_status_says_when_alerts_were_judged(koers_home: Home) -> None:
    assert status(koers_home)["judged_at"] is None
    warehouse(koers_home.warehouse, [OFF])
    made = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watch(made, koers_home.ledger, clock=lambda: NOW)
    assert status(koers_home)["judged_at"] == "2025-07-01T03:00:00+00:00"
    assert "Alerts     1 open, judged at 2025-07-01T03:00:00+00:00" in lines(status(koers_home))


def test_readers_of_the_file_see_when_alerts_were_judged(koers_home: Home) -> None:
    """Of the publication before: each is judged once it is there. A watch that died shows by its
    age beside that of the figures."""
    for night in range(3):
        at = NOW + night * DAY
        warehouse(koers_home.warehouse, [OFF])
        made = publish(
            koers_home.warehouse, koers_home, run_id="r", keep=2, clock=lambda at=at: at,  # type: ignore[misc]
            evaluated=last_evaluation(koers_home.ledger),
        )  # fmt: skip
        with open_publication(made) as facts:
            (row,) = facts.execute("from dim_publication").fetchall()
        moments = [moment and moment.replace(tzinfo=dt.UTC) for moment in row[2:4]]
        assert row[:2] == (made.publication_id, "management")
        if night < 2:
            watch(made, koers_home.ledger, clock=lambda at=at: at)  # type: ignore[misc]
        assert moments == [at, NOW + (night - 1) * DAY if night else None]
