"""Channels that are down, refuse, ask for patience, or take a message without saying so."""

from __future__ import annotations

import datetime as dt
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.operations.delivering import deliver_now
from pipelines.publication import publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.status import lines, status
from pipelines.watch.delivery import DeliveryResult
from pipelines.watch.ledger import open_ledger
from pipelines.watch.undelivered import undelivered
from pipelines.watch.watching import watch
from tests.faults.channels import HANGS, Scripted, scripted
from tests.publication.tiny import fact, month, warehouse
from tests.zygote import forked

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
FIRST = Channel(name="first", url_env="KOERS_FIRST")
SIGNED = Channel(name="signed", url_env="KOERS_FIRST", secret_env="KOERS_SIGN")
OTHER = Channel(name="other", url_env="KOERS_OTHER", owners=["data", "noor"])

pytestmark = pytest.mark.fault("E4")


@pytest.fixture
def first() -> Iterator[Scripted]:
    with scripted() as channel:
        yield channel


@pytest.fixture
def other() -> Iterator[Scripted]:
    with scripted() as channel:
        yield channel


class Outbox:
    """A home with one alert, a message to each of its channels, and a clock of its own."""

    def __init__(self, home: Home, *channels: Channel) -> None:
        self.home, self.now = home, NOW
        self.settings = Settings(alerts=Alerts(channels=list(channels)))
        warehouse(home.warehouse, [fact("revenue", "north", month(6), 80.0, "off_course")])
        published = publish(home.warehouse, home, run_id="r", keep=2)
        watch(published, home.ledger, channels, lambda: NOW)

    def deliver(self, later: dt.timedelta = dt.timedelta()) -> DeliveryResult:
        self.now += later
        return deliver_now(self.home, self.settings, lambda: self.now)

    def rows(self) -> list[dict[str, Any]]:
        with open_ledger(self.home.ledger) as ledger:
            return [dict(row) for row in ledger.execute("select * from outbox order by message_id")]


@pytest.fixture(autouse=True)
def urls(monkeypatch: pytest.MonkeyPatch, first: Scripted, other: Scripted) -> None:
    monkeypatch.setenv("KOERS_FIRST", first.apprise)
    monkeypatch.setenv("KOERS_OTHER", other.apprise)
    monkeypatch.setenv("KOERS_SIGN", "a secret of the tests, long enough")


def test_down_for_six_hours_loses_nothing_and_keeps_no_other_waiting(
    koers_home: Home, first: Scripted, other: Scripted
) -> None:
    first.script = [503] * 99
    box = Outbox(koers_home, FIRST, OTHER)
    assert (box.deliver().sent, len(other.got)) == (1, 1), "the other channel goes on"
    while box.now < NOW + dt.timedelta(hours=6):
        box.deliver(10 * MINUTE)
    attempts = len(first.got)
    assert 7 <= attempts <= 12, "waits double, so a channel that is down is not hammered"
    # The engineers hear of it once, over a channel that works.
    (note,) = [body for body in other.got if "takes no messages" in body["title"]]
    assert note["title"] == "Koers: channel first takes no messages"
    assert "KOERS" not in note["message"]
    assert "127.0.0.1" not in note["message"]

    first.script = []
    assert box.deliver(dt.timedelta(hours=6)).sent == 1
    assert {body["dedup_key"] for body in first.got} == {box.rows()[0]["idempotency_key"]}
    assert box.deliver(dt.timedelta(hours=12)) == DeliveryResult()
    assert len(first.got) == attempts + 1
    assert not undelivered(koers_home.ledger, box.settings.alerts.channels, box.now)


def test_that_delivery_fails_is_shown_until_it_does_not(koers_home: Home, first: Scripted) -> None:
    koers_home.root.mkdir(parents=True, exist_ok=True)
    koers_home.settings_file.write_text(
        "alerts: {channels: [{name: first, url_env: KOERS_FIRST}]}\n"
    )
    box = Outbox(koers_home, FIRST)
    first.script = [500]
    box.deliver()
    (said,) = status(koers_home)["undelivered"]
    assert (said["channel"], said["messages"], said["attempts"]) == ("first", 1, 1)
    assert not said["is_failing"], "once is no failure yet"
    assert any(line.startswith("Delivery   1 undelivered") for line in lines(status(koers_home)))
    listed = CliRunner().invoke(app, ["alerts", "list"]).output
    assert "Delivery failed (1)" in listed
    as_json = json.loads(CliRunner().invoke(app, ["alerts", "list", "--json"]).output)
    assert [each["channel"] for each in as_json["undelivered"]] == ["first"]
    assert str(first.port) not in listed

    assert box.deliver(MINUTE).sent == 1
    assert status(koers_home)["undelivered"] == []
    assert "Delivery failed" not in CliRunner().invoke(app, ["alerts", "list"]).output


def test_a_channel_that_fails_night_after_night_is_failing(
    koers_home: Home, first: Scripted
) -> None:
    """Without a daemon a message is tried once a night."""
    first.script = [500] * 9
    box = Outbox(koers_home, FIRST)
    box.deliver()
    channels = box.settings.alerts.channels
    assert [e.is_failing for e in undelivered(koers_home.ledger, channels, box.now)] == [False]
    box.deliver(dt.timedelta(days=1))
    assert [e.is_failing for e in undelivered(koers_home.ledger, channels, box.now)] == [True]
    # A channel that koers.yaml has no more is nobody's concern.
    assert undelivered(koers_home.ledger, [OTHER], box.now) == []


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        ("1800", 30),
        ("30", 1),  # never sooner than our own wait
        ("0", 1),
        ("86400", 360),  # never longer than our longest
        ("999999999", 360),
        ("-5", 1),
        ("soon", 1),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1),
    ],
)
def test_429_is_left_alone_for_as_long_as_it_asks(
    koers_home: Home, first: Scripted, asked: str, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOERS_FIRST", first.plain)
    box = Outbox(koers_home, SIGNED)
    first.script = [(429, asked)]
    assert box.deliver().errors == ("signed: the receiver answered 429",)
    assert box.deliver(minutes * MINUTE - dt.timedelta(seconds=1)).waiting == 1
    assert len(first.got) == 1, "too soon"
    assert box.deliver(dt.timedelta(seconds=2)).sent == 1
    assert len(first.got) == 2


def test_taken_without_an_answer_is_sent_again_with_the_same_key(
    koers_home: Home, first: Scripted
) -> None:
    box = Outbox(koers_home, FIRST)
    first.script = [HANGS]
    assert box.deliver().failed == 1
    assert len(first.got) == 1, "it was read, and Koers cannot know"
    assert box.rows()[0]["sent_at"] is None
    assert box.deliver(MINUTE).sent == 1
    one, two = first.got
    assert one["dedup_key"] == two["dedup_key"]
    assert one["message"] == two["message"]


@pytest.mark.fault("E3", "E1")
def test_killed_at_the_51st_of_a_hundred_sends_one_again(koers_home: Home, first: Scripted) -> None:
    """Each message is marked by itself, outside of any sensor, so the fifty before are done."""
    Outbox(koers_home, FIRST)
    columns = "publication_id, owner, channel, title, body, dedup_keys, created_at, next_attempt_at"
    with open_ledger(koers_home.ledger) as ledger:
        ledger.execute(
            f"with recursive n(i) as (select 1 union all select i + 1 from n where i < 99)"
            f" insert into outbox (idempotency_key, {columns})"
            f" select 'key-' || i, {columns} from n cross join outbox"
        )
    delivering = ("deliver", str(koers_home.root))
    for nth in ("deliver.sent:51", ""):
        done = forked(
            "tests.faults.delivering", *delivering, KOERS_FAILPOINT=nth, KOERS_HOOK=first.plain
        )
        assert done.returncode == (-signal.SIGKILL if nth else 0), done.stderr
        if nth:
            assert len(first.got) == 51
    keys = [body["key"] for body in first.got]
    assert len(set(keys)) == 100, "none is lost"
    assert len(keys) == 101, "and one came twice"
