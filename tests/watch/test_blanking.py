"""What the ledger file keeps of a message: its text, and no permission to act for its owner."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publication import publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.watch.blanking import BLANK, blanked
from pipelines.watch.delivery import deliver
from pipelines.watch.ledger import open_ledger
from pipelines.watch.links import ACTS, Act, BadLinkError, Permission, Signer, linking
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
CHOSEN = Settings(alerts=Alerts(channels=[HOOK], links_url="https://koers.example.org/alerts"))
KEY = "a key of the tests, long enough"
SIGNER = Signer(KEY.encode())
TOKEN = re.compile(r"https://koers\.example\.org/alerts/([\w.-]+)")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture
def queued(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with one message in its outbox, with links that work for seven days."""
    monkeypatch.setenv("KOERS_LINKS_KEY", KEY)
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(6), 80.0, "off_course")])
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    links = linking(koers_home, CHOSEN, NOW)
    watch(published, koers_home.ledger, [HOOK], lambda: NOW, links=links)
    return koers_home


class Channels:
    """Takes what it is sent, unless it is down."""

    def __init__(self) -> None:
        self.is_down = False
        self.got: list[Outgoing] = []

    def send(self, url: str, message: Outgoing) -> None:
        self.got.append(message)
        if self.is_down:
            raise ChannelError("down")

    def deliver(self, home: Home, at: dt.datetime) -> None:
        environment = {"KOERS_HOOK": "json://example"}
        deliver(home.ledger, [HOOK], lambda: at, send=self.send, environment=environment)


def row(home: Home) -> dict[str, Any]:
    with open_ledger(home.ledger) as ledger:
        return dict(ledger.execute("select * from outbox").fetchone())


def tokens(text: str | None) -> list[str]:
    return [each for each in TOKEN.findall(text or "") if SIGNER.permission(each)]


def test_what_was_sent_is_kept_without_its_permissions(queued: Home) -> None:
    before = row(queued)
    permissions = tokens(before["body"])
    assert len(permissions) == len(ACTS) == len(tokens(before["letter"]))
    channels = Channels()
    channels.deliver(queued, NOW)
    after = row(queued)
    expected = before["body"]
    for each in permissions:
        expected = expected.replace(each, BLANK)
    assert after["body"] == expected, "every other word is kept"
    assert after["letter"] is None
    assert [link.url for link in channels.got[0].letter.entries[0].links] == [  # type: ignore[union-attr]
        f"https://koers.example.org/alerts/{each}" for each in permissions
    ]
    # Nor in a page that became free, or a log beside the file.
    for file in queued.ledger.parent.glob("alerts.sqlite*"):
        content = file.read_bytes()
        assert not [each for each in permissions if each.encode() in content]


def test_what_is_tried_again_is_the_same_message(queued: Home) -> None:
    channels = Channels()
    channels.is_down = True
    channels.deliver(queued, NOW)
    channels.is_down = False
    channels.deliver(queued, NOW + DAY)
    channels.deliver(queued, NOW + 2 * DAY)
    first, second = channels.got
    assert (first.key, first.body, first.letter) == (second.key, second.body, second.letter)
    assert tokens(second.body)


def test_what_waits_too_long_keeps_no_link(queued: Home) -> None:
    channels = Channels()
    channels.is_down = True
    channels.deliver(queued, NOW + 6 * DAY)
    assert tokens(row(queued)["body"])
    channels.deliver(queued, NOW + 7 * DAY)
    kept = row(queued)
    assert kept["sent_at"] is None
    for text in (kept["body"], kept["letter"]):
        assert BLANK in text
        assert not TOKEN.search(text)
    assert json.loads(kept["letter"])["title"] == kept["title"]
    channels.is_down = False
    channels.deliver(queued, NOW + 9 * DAY)
    letter = channels.got[-1].letter
    assert letter is not None
    assert letter.entries
    assert [link.url for entry in letter.entries for link in entry.links] == []
    assert row(queued)["sent_at"]


@given(texts, st.sampled_from(ACTS), texts, texts, st.integers(0, 4_000_000_000), texts)
def test_any_link_is_blanked_and_any_other_text_is_kept(
    before: str, act: Act, alert: str, recipient: str, expires: int, after: str
) -> None:
    moment = dt.datetime.fromtimestamp(expires, dt.UTC)
    token = SIGNER.token(Permission(act, alert, recipient, "nl", moment))
    text = f"{before} https://koers.example.org/alerts/{token} {after}"
    assert blanked(text) == text.replace(token, BLANK)
    assert blanked(text, moment - dt.timedelta(seconds=1)) == text
    assert blanked(text, moment) == blanked(text)
    assert blanked(before + after) == before + after


def test_what_is_blanked_permits_nothing() -> None:
    with pytest.raises(BadLinkError):
        SIGNER.permission(BLANK)
