"""Sending for real: a webhook on loopback, what it answers, and what a crash leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import logging
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipelines.publication import publish, utc_now
from pipelines.settings import Channel, Home
from pipelines.watch.delivery import DeliveryResult, deliver, wait_after
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.redaction import redact
from pipelines.watch.sending import send_by_apprise
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse
from tests.zygote import forked

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
SECRET = "s3cr3t-t0ken"


@dataclass
class Receiver:
    """A webhook. `answers` are the next status codes; then 200."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        return [body["dedup_key"] for body, _ in self.got]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((json.loads(content), dict(self.headers)))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Location", f"http://{host}:{port}/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host, port = "127.0.0.1", server.server_port
    receiver = Receiver(f"json://user:{SECRET}@{host}:{port}/{SECRET}/alerts")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def queued(koers_home: Home) -> Home:
    """A home with one message in its outbox."""
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(6), 80.0, "off_course")])
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watch(published, koers_home.ledger, [HOOK], lambda: NOW)
    return koers_home


def attempt(home: Home, hook: Receiver, minutes: float = 0, **more: Any) -> DeliveryResult:
    later = NOW + dt.timedelta(minutes=minutes)
    environment = {"KOERS_HOOK": hook.url}
    return deliver(home.ledger, [HOOK], lambda: later, environment=environment, **more)


def row(home: Home) -> dict[str, Any]:
    with open_ledger(home.ledger) as ledger:
        return dict(ledger.execute("select * from outbox").fetchone())


def test_a_webhook_gets_the_message_once(queued: Home, hook: Receiver) -> None:
    assert row(queued)["letter"], "until it is sent"
    assert attempt(queued, hook) == DeliveryResult(sent=1)
    assert attempt(queued, hook, minutes=999) == DeliveryResult()
    ((body, headers),) = hook.got
    key = row(queued)["idempotency_key"]
    assert body["title"] == "Koers: Omzet van Team Noord is uit koers (juni 2025)"
    assert "Waarde € 80,00, doel € 100,00" in body["message"]
    assert body["dedup_key"] == headers["Idempotency-Key"] == key
    assert key in body["message"]
    assert row(queued)["sent_at"] == "2025-07-01T03:00:00.000000+00:00"
    assert row(queued)["letter"] is None
    detail = json.loads(published_events(queued.ledger)[0][-1])
    assert [d["channel"] for d in detail["deliveries"]] == ["hook"]


@pytest.mark.fault("E4")
def test_500_then_200(queued: Home, hook: Receiver) -> None:
    hook.answers = [500, 500]
    assert attempt(queued, hook).failed == 1
    assert attempt(queued, hook, minutes=0.9) == DeliveryResult(waiting=1), "too soon"
    assert attempt(queued, hook, minutes=1).failed == 1
    assert attempt(queued, hook, minutes=2.9) == DeliveryResult(waiting=1), "waits twice as long"
    assert attempt(queued, hook, minutes=3).sent == 1
    assert len(set(hook.keys)) == 1
    assert len(hook.keys) == 3
    assert row(queued)["attempts"] == 3
    assert row(queued)["last_error"] is None


def test_a_redirect_is_not_followed(queued: Home, hook: Receiver) -> None:
    hook.answers = [302]
    assert attempt(queued, hook).failed == 1
    assert len(hook.got) == 1


@pytest.mark.fault("E4")
def test_nobody_listens(queued: Home) -> None:
    closed = Receiver(f"json://user:{SECRET}@127.0.0.1:9/{SECRET}")
    result = attempt(queued, closed)
    assert (result.failed, result.waiting) == (1, 1)
    assert "Connection error" in result.errors[0]


@pytest.mark.parametrize("url", ["", "no url", "unknown://x/" + SECRET, "slack://" + SECRET])
def test_a_url_that_is_none_fails_and_is_tried_again(queued: Home, url: str) -> None:
    result = attempt(queued, Receiver(url))
    assert (result.failed, result.waiting) == (1, 1)
    assert SECRET not in result.errors[0]


@pytest.mark.parametrize("code", [500, 302, 404])
def test_the_secret_is_in_no_log_and_not_in_the_ledger(
    queued: Home, hook: Receiver, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.answers = [code]
    attempt(queued, hook)
    attempt(queued, hook, minutes=1)
    assert [code for _, code, _ in caplog.record_tuples if code >= logging.WARNING]
    assert SECRET not in caplog.text
    for file in queued.ledger.parent.iterdir():
        assert SECRET.encode() not in file.read_bytes()


def test_loggers_are_left_as_they_were(queued: Home, hook: Receiver) -> None:
    names = ("apprise", "urllib3.connectionpool")
    before = [(logging.getLogger(n).level, logging.getLogger(n).propagate) for n in names]
    attempt(queued, hook)
    after = [(logging.getLogger(n).level, logging.getLogger(n).propagate) for n in names]
    assert before == after


def test_redaction_takes_every_part_and_every_spelling() -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/a%2Fb-secret?token=xyz-abc"
    said = "at T1JJ3T3L2 with a/b-secret, a%2Fb-secret and xyz-abc; HTTP 500\nagain"
    assert redact(said, url) == "at *** with ***, *** and ***; HTTP 500 again"


@pytest.mark.parametrize(
    "error", [ChannelError("no"), OSError("no"), ValueError("no"), TypeError("no")]
)
def test_a_failing_channel_never_raises(queued: Home, hook: Receiver, error: Exception) -> None:
    def broken(url: str, message: Outgoing) -> None:
        raise error

    assert attempt(queued, hook, send=broken).errors == ("hook: no",)


@pytest.mark.fault("E3", "E4")
def test_a_failing_channel_does_not_stop_the_others(queued: Home, hook: Receiver) -> None:
    with open_ledger(queued.ledger) as ledger:
        ledger.execute(
            "insert into outbox (idempotency_key, publication_id, owner, channel, title, body, "
            "dedup_keys, created_at, next_attempt_at) select 'k2', publication_id, owner, 'other', "
            "title, body, dedup_keys, created_at, next_attempt_at from outbox"
        )
    environment = {"KOERS_HOOK": hook.url}
    channels = [Channel(name="other", url_env="UNSET"), HOOK]
    result = deliver(queued.ledger, channels, lambda: NOW, environment=environment)
    assert (result.sent, result.failed, result.waiting) == (1, 1, 1)
    assert result.errors == ("other: environment variable UNSET is not set",)


@pytest.mark.fault("E4")
def test_a_channel_that_is_gone_keeps_its_messages(queued: Home) -> None:
    assert deliver(queued.ledger, [], lambda: NOW) == DeliveryResult(waiting=1)


def test_attempts_per_call_are_bounded(queued: Home, hook: Receiver) -> None:
    assert attempt(queued, hook, limit=0) == DeliveryResult(waiting=1)


def test_no_ledger_nothing_to_do(koers_home: Home) -> None:
    assert deliver(koers_home.ledger, [HOOK]) == DeliveryResult()
    assert not koers_home.ledger.exists()


@pytest.mark.fault("E1")
def test_two_at_once_send_once(queued: Home, hook: Receiver) -> None:
    inner: list[DeliveryResult] = []

    def slow(url: str, message: Outgoing) -> None:
        inner.append(attempt(queued, hook))
        send_by_apprise(url, message)

    assert attempt(queued, hook, send=slow).sent == 1
    assert inner == [DeliveryResult(waiting=1)]
    assert len(hook.got) == 1


@pytest.mark.fault("E4")
def test_waits_double_up_to_six_hours() -> None:
    minutes = [wait_after(n).total_seconds() / 60 for n in (1, 2, 3, 9, 10, 10_000)]
    assert minutes == [1, 2, 4, 256, 360, 360]


@pytest.mark.fault("D3", "E4")
def test_a_clock_that_was_ahead_does_not_keep_a_message(queued: Home, hook: Receiver) -> None:
    """It was tried in a year that has not come yet, and then the clock was set right."""
    hook.answers = [500]
    assert attempt(queued, hook, minutes=60 * 24 * 365).failed == 1
    assert attempt(queued, hook) == DeliveryResult(sent=1)


@pytest.mark.fault("A1", "E1")
def test_killed_between_sending_and_marking(queued: Home, hook: Receiver) -> None:
    delivering = ("deliver", str(queued.root))
    done = forked(
        "tests.watch.child", *delivering, KOERS_FAILPOINT="deliver.sent", KOERS_HOOK=hook.url
    )
    assert done.returncode == -signal.SIGKILL
    assert len(hook.got) == 1
    assert row(queued)["sent_at"] is None

    now = (utc_now() - NOW).total_seconds() / 60  # the child went by the real clock
    assert attempt(queued, hook, minutes=now) == DeliveryResult(waiting=1)
    assert attempt(queued, hook, minutes=now + 2).sent == 1
    assert attempt(queued, hook, minutes=now + 9999) == DeliveryResult()
    assert len(hook.keys) == 2
    assert len(set(hook.keys)) == 1
