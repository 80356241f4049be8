"""One-click links: what they hold, what their endpoint does, and what it never does."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import link_server
from pipelines.link_server import serving
from pipelines.publication import publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.watch.acts import acknowledge
from pipelines.watch.ledger import open_ledger, published_events, transaction
from pipelines.watch.links import (
    ACTS,
    Act,
    BadLinkError,
    Permission,
    Signer,
    linking,
    links,
    resolve_signer,
)
from pipelines.watch.watching import remind, watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
CHOSEN = Settings(alerts=Alerts(channels=[HOOK], links_url="https://koers.example.org/alerts"))
ALERT = "revenue/north/tolerance/2025-06-01"
KEY = "a key of the tests, long enough"
SIGNER = Signer(KEY.encode())
OFF = fact("revenue", "north", month(6), 80.0, "off_course")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOERS_LINKS_KEY", KEY)


class Endpoint:
    """An endpoint on loopback, with a clock of our own, and a ledger that holds one alert."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.now = NOW
        self.port = 0
        self.night(OFF)

    def night(self, *facts: dict[str, Any]) -> None:
        warehouse(self.home.warehouse, facts)
        published = publish(self.home.warehouse, self.home, run_id="r", keep=2)
        watch(published, self.home.ledger, [HOOK], lambda: self.now, language="nl",
              links=linking(self.home, CHOSEN, self.now))  # fmt: skip

    def token(self, act: Act = "acknowledge", alert: str = ALERT, language: str = "en") -> str:
        return SIGNER.token(Permission(act, alert, "noor", language, NOW + 7 * DAY))

    def ask(
        self, method: str, path: str, **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers

    def acts(self) -> list[tuple[str, str | None]]:
        rows = published_events(self.home.ledger)
        return [(row[4], json.loads(row[9]).get("by")) for row in rows]


@pytest.fixture
def endpoint(koers_home: Home) -> Iterator[Endpoint]:
    found = Endpoint(koers_home)
    with serving(koers_home, CHOSEN, "127.0.0.1", 0, lambda: found.now) as server:
        found.port = server.server_address[1]
        yield found


@pytest.mark.fault("G11")
def test_a_scanner_that_follows_the_link_does_nothing(endpoint: Endpoint) -> None:
    for method in ("GET", "HEAD", "GET"):
        status, body, _ = endpoint.ask(method, f"/alerts/{endpoint.token()}")
        assert status == 200
        assert ("<form method=" in body) is (method == "GET")
    assert "Revenue of Team Noord is off course" in body
    assert "€80.00" in body
    assert endpoint.acts() == [("firing", None)]


def test_the_button_acts_once_and_says_who_did_it(endpoint: Endpoint) -> None:
    token = endpoint.token()
    status, _, headers = endpoint.ask("POST", f"/alerts/{token}")
    assert (status, headers["Location"]) == (303, token)
    assert endpoint.acts() == [("firing", None), ("acknowledged", "noor")]
    for method in ("GET", "POST", "GET"):
        _, body, _ = endpoint.ask(method, f"/{token}")
        assert "noor works on this, since 1 July 2025 05:00" in body
        assert "<form" not in body
    assert len(endpoint.acts()) == 2


def test_what_somebody_else_did_is_done(endpoint: Endpoint) -> None:
    acknowledge(endpoint.home.ledger, ALERT, "eva")
    _, body, _ = endpoint.ask("POST", f"/{endpoint.token()}")
    assert "eva works on this" in body
    assert len(endpoint.acts()) == 2


def test_a_snooze_ends_and_its_link_does_not_work_twice(endpoint: Endpoint) -> None:
    day, week = endpoint.token("snooze_day"), endpoint.token("snooze_week")
    endpoint.ask("POST", f"/{day}")
    _, body, _ = endpoint.ask("GET", f"/{day}")
    assert "This is quiet until 2 July 2025 05:00, as noor said" in body
    endpoint.now += 2 * DAY
    assert remind(endpoint.home.ledger, [HOOK], lambda: endpoint.now) == 1
    _, body, _ = endpoint.ask("POST", f"/{day}")
    assert "This link was used by noor" in body
    endpoint.ask("POST", f"/{week}")
    assert [state for state, _ in endpoint.acts()] == ["firing", "snoozed", "firing", "snoozed"]
    later = SIGNER.token(Permission("snooze_day", ALERT, "eva", "en", NOW + 7 * DAY))
    _, body, _ = endpoint.ask("POST", f"/{later}")
    assert "This is quiet until 10 July 2025" in body, "a day is less than the week it has"


def test_show_shows_and_does_nothing(endpoint: Endpoint) -> None:
    token = endpoint.token("show", language="nl")
    for method in ("GET", "POST"):
        status, body, _ = endpoint.ask(method, f"/{token}")
        assert status == 200
        assert 'lang="nl"' in body
        assert "Omzet van Team Noord is uit koers" in body
        assert "Niemand heeft nog gezegd eraan te werken." in body
    assert len(endpoint.acts()) == 1


def test_what_is_over_or_expired_says_so(endpoint: Endpoint) -> None:
    token = endpoint.token()
    endpoint.night(fact("revenue", "north", month(6), 95.0, "on_course"))
    status, body, _ = endpoint.ask("POST", f"/{token}")
    assert (status, "This is over already" in body) == (200, True)
    endpoint.night(OFF, fact("revenue", "north", month(7), 80.0, "off_course"))
    _, body, _ = endpoint.ask("POST", f"/{token}")
    assert "This is over already" in body, "July has an alert of its own"
    endpoint.now += 8 * DAY
    status, body, _ = endpoint.ask("POST", f"/{token}")
    assert (status, "valid until 8 July 2025" in body) == (410, True)
    assert "Revenue" not in body
    assert all(by is None for _, by in endpoint.acts())


@pytest.mark.fault("G11")
@pytest.mark.parametrize("path", ["/", "/x.y", "/alerts/", "/%00", "/..%2f..", "/" + "a" * 3000])
def test_what_is_no_link_tells_nothing(endpoint: Endpoint, path: str) -> None:
    status, body, _ = endpoint.ask("POST", path)
    assert status == 404
    bad = endpoint.token()[:-1] + ("A" if endpoint.token()[-1] != "A" else "B")
    assert endpoint.ask("GET", f"/{bad}")[:2] == (404, body), "the same page for each"
    other = Signer(b"the key of somebody else").token(
        Permission("acknowledge", ALERT, "noor", "en", NOW + DAY)
    )
    assert endpoint.ask("POST", f"/{other}")[:2] == (404, body)
    assert endpoint.acts() == [("firing", None)]


@pytest.mark.fault("G11")
def test_every_answer_is_guarded(endpoint: Endpoint) -> None:
    for path in ("/", f"/{endpoint.token()}"):
        _, _, headers = endpoint.ask("GET", path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Set-Cookie"] is None
        assert "Python" not in headers["Server"]
    for method in ("PUT", "DELETE", "OPTIONS"):
        status, body, headers = endpoint.ask(method, f"/{endpoint.token()}")
        assert status == 501
        assert headers["Cache-Control"] == "no-store"
        assert "Revenue" not in body


def test_bodies_are_bounded(endpoint: Endpoint) -> None:
    path = f"/{endpoint.token()}"
    assert endpoint.ask("POST", path, **{"Content-Length": "999999"})[0] == 413
    assert endpoint.ask("POST", path, **{"Content-Length": "-1"})[0] == 411
    assert endpoint.ask("POST", path, **{"Transfer-Encoding": "chunked"})[0] == 411
    assert endpoint.acts() == [("firing", None)]


def test_who_never_finishes_asking_keeps_no_place(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More slow clients than there are places; then somebody who asks as he should."""
    monkeypatch.setattr(link_server, "SECONDS", 0.3)
    with contextlib.ExitStack() as stack:
        for _ in range(link_server.MOST_AT_ONCE + 4):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port)))
            slow.sendall(b"GET / HT")
        began = time.monotonic()
        assert endpoint.ask("GET", f"/{endpoint.token()}")[0] == 200
        assert time.monotonic() - began < 5


@pytest.mark.fault("G3", "G13")
def test_nothing_of_a_link_is_logged(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    token = endpoint.token()
    endpoint.ask("GET", f"/{token}")
    endpoint.ask("POST", f"/{token}")
    monkeypatch.setattr(link_server, "look", _fails)
    with pytest.raises(http.client.RemoteDisconnected):
        endpoint.ask("GET", f"/{token}")
    said = caplog.text + "".join(capfd.readouterr()) + json.dumps(endpoint.acts())
    said += json.dumps([row[9] for row in published_events(endpoint.home.ledger)])
    for secret in (KEY, token, token.rpartition(".")[2], token.partition(".")[0]):
        assert secret not in said
    assert "a request for a link failed" in said
    assert KEY not in repr(SIGNER)


def _fails(*_: object) -> None:
    raise ValueError("unforeseen")


def test_reading_waits_for_no_writer_and_acting_waits_its_turn(endpoint: Endpoint) -> None:
    path = f"/{endpoint.token()}"
    with open_ledger(endpoint.home.ledger) as ledger:
        with transaction(ledger):
            assert endpoint.ask("GET", path)[0] == 200
            answers: list[int] = []
            acting = threading.Thread(target=lambda: answers.append(endpoint.ask("POST", path)[0]))
            acting.start()
            time.sleep(0.3)
            assert answers == []
        acting.join(20)
    assert answers == [303]


def test_many_at_once_act_once(endpoint: Endpoint) -> None:
    path = f"/{endpoint.token()}"
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(endpoint.ask("POST", path)[0]))
        for _ in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert answers == [303] * 12
    assert endpoint.acts() == [("firing", None), ("acknowledged", "noor")]


def test_a_message_holds_the_links_that_work(endpoint: Endpoint) -> None:
    with open_ledger(endpoint.home.ledger) as ledger:
        (body,) = (row["body"] for row in ledger.execute("select body from outbox"))
    urls = re.findall(r"https://koers\.example\.org/alerts/(\S+)", body)
    assert [SIGNER.permission(url).act for url in urls] == list(ACTS)
    assert {SIGNER.permission(url).recipient for url in urls} == {"noor"}
    assert "Ik pak dit op: https" in body
    assert endpoint.ask("POST", f"/alerts/{urls[0]}")[0] == 303


def test_without_an_address_a_message_names_the_command(koers_home: Home) -> None:
    bare = linking(koers_home, Settings(), NOW)
    assert bare(ALERT, "noor", "nl") == []
    warehouse(koers_home.warehouse, [OFF])
    watch(publish(koers_home.warehouse, koers_home, run_id="r", keep=2), koers_home.ledger, [HOOK])
    with open_ledger(koers_home.ledger) as ledger:
        (body,) = (row["body"] for row in ledger.execute("select body from outbox"))
    assert f"Oppakken: koers alerts ack {ALERT}" in body


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.fault("G11")
@given(st.sampled_from(ACTS), texts, texts, st.integers(0, 4_000_000_000), st.data())
def test_a_link_says_what_was_signed_and_no_other_text_passes(
    act: Act, alert: str, recipient: str, expires: int, data: st.DataObject
) -> None:
    allowed = Permission(act, alert, recipient, "nl", dt.datetime.fromtimestamp(expires, dt.UTC))
    token = SIGNER.token(allowed)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)
    assert SIGNER.permission(token) == allowed
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AB._-=~ é"))
    if token[place] != other:
        with pytest.raises(BadLinkError):
            SIGNER.permission(token[:place] + other + token[place + 1 :])
    for changed in (replace(allowed, recipient=recipient + "x"), replace(allowed, alert_id="x")):
        said, signature = SIGNER.token(changed).split(".")[0], token.split(".")[1]
        if changed != allowed:
            with pytest.raises(BadLinkError):
                SIGNER.permission(f"{said}.{signature}")


def test_the_key_is_made_once_and_never_in_the_home(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("KOERS_LINKS_KEY")
    file = koers_home.root.parent / "keys" / "links.key"
    monkeypatch.setenv("KOERS_LINKS_KEY_FILE", str(file))
    assert resolve_signer(koers_home.root) == resolve_signer(koers_home.root)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(linking(koers_home, CHOSEN, NOW)(ALERT, "noor", "nl")) == len(ACTS)
    monkeypatch.setenv("KOERS_LINKS_KEY_FILE", str(koers_home.root / "links.key"))
    assert linking(koers_home, CHOSEN, NOW)(ALERT, "noor", "nl") == []
    assert "lies inside" in caplog.text


def test_links_are_of_the_address_and_the_language() -> None:
    made = links(ALERT, "noor", "en", url="https://k.example/", signer=SIGNER, expires=NOW)
    assert [link.text for link in made] == [
        "I'm on it",
        "Quiet for a day",
        "Quiet for a week",
        "Show",
    ]
    assert all(re.fullmatch(r"https://k\.example/[^/]+", link.url) for link in made)
    assert made[0].url not in repr(made[0])


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    "url",
    ["koers", "http://koers.example", "ftp://x", "https://x/?a=b", "https://x/#a", "https://u:p@x"],
)
def test_an_address_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Alerts(links_url=url)
