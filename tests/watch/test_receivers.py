"""What mail servers, Slack, Teams and webhooks really get, and what becomes of their answers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipelines.settings import PROJECT_DIR, Channel, Home
from pipelines.watch import webhook
from pipelines.watch.delivery import deliver, try_channel
from pipelines.watch.history import queue
from pipelines.watch.ledger import open_ledger, timestamp
from pipelines.watch.messages import compose
from pipelines.watch.outgoing import ChannelError, Outgoing
from pipelines.watch.sending import send
from tests.commands import koers
from tests.watch.letters import HOOK, NOW, event, outgoing, storm
from tests.watch.receivers import Answer, Post, Web, certificate, post, web
from tests.watch.rows import judged

SECRET = "s3cr3t-0f-th3-t3sts-0123456789"
SIGNED = Channel(name="signed", url_env="KOERS_URL", secret_env="KOERS_SECRET")


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def mails() -> Iterator[Post]:
    with post() as server:
        yield server


def mailto(server: Post, more: str = "") -> str:
    return f"mailto://127.0.0.1:{server.port}/?from=koers@koers.example&to=noor@koers.example{more}"


# Mail


def test_a_mail_has_html_with_its_pictures_and_the_same_as_text(mails: Post) -> None:
    message = outgoing(language="en")
    send(mailto(mails), message)
    (mail,) = mails.got
    assert mail["Subject"] == "Koers: Win rate of Team Noord is off course (June 2025)"
    assert mail["Idempotency-Key"] == message.key
    assert mail["Message-ID"] == f"<{message.key}@koers.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "noor@koers.example"
    assert mail["From"].addresses[0].addr_spec == "koers@koers.example"
    assert mail.get_content_type() == "multipart/alternative"
    plain, related = mail.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().splitlines() == message.body.splitlines()
    assert "Course ▇▆█▇▆▁ (January 2025 up to June 2025)" in plain.get_content()
    assert related.get_content_type() == "multipart/related"
    page, *pictures = related.iter_parts()
    assert page.get_content_type() == "text/html"
    shown = re.findall(r'src="cid:([^"]+)"', page.get_content())
    assert [f"<{name}>" for name in shown] == [p["Content-ID"] for p in pictures]
    assert len(shown) == 2
    for picture in pictures:
        assert picture.get_content_type() == "image/png"
        assert picture.get_content_disposition() == "inline"
        assert picture.get_content().startswith(b"\x89PNG")


def test_a_mail_goes_to_all_that_the_url_names_and_to_each_once(mails: Post) -> None:
    url = mailto(mails, "&to=eva@koers.example&cc=piet@koers.example&bcc=stil@koers.example")
    send(url.replace("to=noor@koers.example&to=", "to=noor@koers.example,"), outgoing())
    assert len(mails.got) == 2
    assert {mail["To"] for mail in mails.got} == {"noor@koers.example", "eva@koers.example"}
    assert {mail["Cc"] for mail in mails.got} == {"piet@koers.example"}
    assert all("stil" not in mail.as_string() for mail in mails.got)
    assert mails.to.count("stil@koers.example") == 2


def test_a_url_that_asks_for_text_still_gets_both_and_a_reminder_without_a_series_no_picture(
    mails: Post,
) -> None:
    send(mailto(mails, "&format=text"), outgoing(event(points=())))
    (mail,) = mails.got
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_a_message_that_an_earlier_koers_queued_goes_as_text(mails: Post) -> None:
    send(mailto(mails), replace(outgoing(), letter=None))
    (mail,) = mails.got
    assert mail.get_content_type() == "text/plain"
    assert "Uit koers" in mail.get_content()


def test_a_mail_server_that_refuses_is_told_with_its_reason(mails: Post) -> None:
    mails.refusal = "552 mailbox full"
    with pytest.raises(ChannelError, match=r"refused 1 of 1.*552"):
        send(mailto(mails), outgoing())


def test_a_storm_is_one_mail(mails: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.watch.pictures.picture", lambda *_, **__: b"\x89PNG")
    send(mailto(mails), replace(outgoing(), letter=storm(10_000)))
    (mail,) = mails.got
    page = mail.get_body(("html",))
    assert page is not None
    assert "En nog 9.980 andere: Scoringskans 9.980." in page.get_content()


# Slack

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q"


@pytest.fixture
def slack_at(receiver: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    # The host of Slack is fixed: only here it is another.
    monkeypatch.setattr(
        "apprise.plugins.slack.NotifySlack.webhook_url", f"http://{receiver.at}/services"
    )
    return receiver


def test_slack_gets_blocks(slack_at: Web) -> None:
    send(SLACK, outgoing(language="en"))
    ((path, headers, body),) = slack_at.got
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q"
    assert headers["Content-Type"].startswith("application/json")
    (attachment,) = json.loads(body)["attachments"]
    kinds = [block["type"] for block in attachment["blocks"]]
    assert kinds == ["header", "section", "header", "section", "section", "context"]
    said = attachment["blocks"][3]["text"]["text"]
    assert said.splitlines()[:3] == [
        "1. Win rate, Team Noord, June 2025",
        "Value 80, target 100, tolerance band from 90. 10 below the band.",
        "Course ▇▆█▇▆▁ (January 2025 up to June 2025)",
    ]
    assert attachment["fallback"] == "Koers: Win rate of Team Noord is off course (June 2025)"


def test_the_address_as_slack_gives_it_works_too(slack_at: Web) -> None:
    tokens = SLACK.removeprefix("slack://")
    send(f"https://hooks.slack.com/services/{tokens}", outgoing())
    assert "blocks" in json.loads(slack_at.got[0][2])["attachments"][0]


# Teams


@pytest.fixture
def teams_at(tmp_path: Path) -> Iterator[Web]:
    with web(certificate(tmp_path)) as server:
        server.usual = Answer(202, b"")
        yield server


TEAMS = "workflows://{at}/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu?verify=no"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_teams_gets_an_adaptive_card(teams_at: Web) -> None:
    send(TEAMS.format(at=teams_at.at), outgoing(language="en"))
    ((path, _, body),) = teams_at.got
    assert path.startswith("/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/")
    assert len(body) < 28_000
    payload = json.loads(body)
    assert payload["type"] == "message"
    (attachment,) = payload["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert "Win rate, Team Noord, June 2025" in json.dumps(card)
    assert {part["type"] for part in card["body"]} == {"RichTextBlock", "Container"}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_teams_by_an_untrusted_certificate_is_not_believed(teams_at: Web) -> None:
    with pytest.raises(ChannelError):
        send(TEAMS.format(at=teams_at.at).removesuffix("?verify=no"), outgoing())
    assert not teams_at.got


# Signed webhook


def signed(message: Outgoing | None = None, secret: str = SECRET) -> Outgoing:
    return replace(message or outgoing(), secret=secret)


def receivers_check() -> Any:
    """The check that docs/alerts.md shows to who writes a receiver."""
    page = (PROJECT_DIR / "docs" / "alerts.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102
    return known["is_from_koers"]


def test_a_receiver_believes_what_koers_signed_and_nothing_else(
    receiver: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", NOW.timestamp)
    message = signed()
    send(f"http://{receiver.at}/in", message)
    ((_, headers, body),) = receiver.got
    check, key = receivers_check(), SECRET.encode()
    seen: set[str] = set()
    assert check(headers, body, key, seen)
    assert seen == {message.key} == {headers["webhook-id"]}
    assert not check(headers, body, key, seen), "the same once more"
    assert not check(headers, body + b" ", key, set())
    assert not check(headers, body, b"another", set())
    later = {**dict(headers.items()), "webhook-timestamp": str(int(NOW.timestamp()) + 1)}
    assert not check({name.lower(): said for name, said in later.items()}, body, key, set())
    monkeypatch.setattr("time.time", lambda: NOW.timestamp() + 301)
    assert not check(headers, body, key, set()), "too old"


def test_its_body_is_as_the_schema_says(receiver: Web) -> None:
    schema = json.loads((PROJECT_DIR / "docs" / "alert-webhook.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for message in (
        outgoing(),
        replace(outgoing(), letter=storm()),
        replace(outgoing(), letter=None),
    ):
        send(f"http://{receiver.at}/in", signed(message))
    single, many, text_only = (json.loads(body) for _, _, body in receiver.got)
    for body in (single, many, text_only):
        jsonschema.validate(body, schema)
    (alert,) = single["alerts"]
    assert (alert["kpi"], alert["unit"]["org_unit_id"]) == ("win_rate", "north")
    assert (alert["value"], alert["target"]) == (80.0, 100.0)
    assert alert["tolerance_band"] == {"lower": 90.0, "upper": None}
    assert alert["moved_by"][0]["share"] == 0.5
    assert set(schema["$defs"]["alert"]["properties"]) == set(alert)
    assert set(schema["properties"]) == set(single)
    assert (len(many["alerts"]), many["more"]) == (20, 980)
    assert (text_only["alerts"], text_only["more"]) == ([], 0)


def test_a_secret_of_standard_webhooks_is_base64() -> None:
    plain = webhook.sign("id", 1, b"{}", "x" * 24)
    encoded = webhook.sign("id", 1, b"{}", "whsec_" + "eHh4" * 8)
    assert plain == encoded
    with pytest.raises(ChannelError, match="no base64"):
        webhook.sign("id", 1, b"{}", "whsec_" + "!" * 30)


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(400), "answered 400"),
        (Answer(302), "answered 302"),
        (Answer(503), "answered 503"),
        (Answer(after=0.6), "in time"),
    ],
)
def test_only_2xx_is_taken(
    receiver: Web, monkeypatch: pytest.MonkeyPatch, answer: Answer, said: str
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUTS", (0.2, 0.2))
    receiver.answers = [answer]
    with pytest.raises(ChannelError, match=said):
        send(f"http://{receiver.at}/in", signed())
    assert len(receiver.got) == 1, "no redirect was followed"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_taken_whatever_it_says(receiver: Web, status: int) -> None:
    receiver.answers = [Answer(status, b"" if status == 204 else b"<html>garbage" * 1000)]
    send(f"http://{receiver.at}/in", signed())


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://koers.example/in", SECRET, "https"),
        ("ftp://koers.example/in", SECRET, "https"),
        ("jsons://koers.example", SECRET, "https"),
        ("http://[", SECRET, "none"),
        ("http://127.0.0.1:9/in", SECRET, "no connection"),
        ("http://127.0.0.1:9/in", "geheim", "shorter than 24"),
    ],
)
def test_a_webhook_that_cannot_be_reached_says_why(url: str, secret: str, said: str) -> None:
    with pytest.raises(ChannelError, match=said) as error:
        send(url, signed(secret=secret))
    assert secret not in str(error.value)


# The outbox, whatever the channel

URLS = {
    "mail": "mailto://koers:{secret}@{mail}/?from=koers@koers.example&to=noor@koers.example",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/{token}?rto=0.2",
    "teams": "workflows://{tls}/{token}/KODuebWbDGYFr0z0eu?verify=no&rto=0.2",
    "signed": "http://{web}/{token}",
}
TOKEN = "TIiajkdnlazkcOXrIdevi7Q"
TROUBLE = {
    "refused": Answer(403, b"invalid_token"),
    "broken": Answer(500, b"<html>"),
    "busy": Answer(429),
    "elsewhere": Answer(302),
    "slow": Answer(after=0.6),
}


@pytest.mark.fault("E4", "G3")
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("kind", ["slack", "teams", "signed"])
def test_trouble_waits_in_the_outbox_and_is_told_without_secrets(
    koers_home: Home,
    slack_at: Web,
    teams_at: Web,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    trouble: str,
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUTS", (0.2, 0.2))
    caplog.set_level(logging.DEBUG)
    server = teams_at if kind == "teams" else slack_at
    url = URLS[kind].format(tls=teams_at.at, web=slack_at.at, token=TOKEN)
    environment = {"KOERS_URL": url, "KOERS_SECRET": SECRET}
    secret_env = "KOERS_SECRET" if kind == "signed" else None
    channel = Channel(name="hook", url_env="KOERS_URL", secret_env=secret_env)
    messages = compose([event()], [channel], publication_id="p")
    with open_ledger(koers_home.ledger) as ledger:
        queue(ledger, messages, timestamp(NOW))
    server.answers = [TROUBLE[trouble]]

    def attempt(minutes: int) -> Any:
        moment = NOW.replace(minute=minutes)
        return deliver(koers_home.ledger, [channel], lambda: moment, environment=environment)

    failed = attempt(0)
    assert (failed.sent, failed.failed, failed.waiting) == (0, 1, 1)
    assert failed.errors[0].startswith("hook: ")
    assert attempt(0).failed == attempt(0).sent == 0, "too soon"
    assert attempt(1).sent == 1
    assert attempt(59).sent == 0
    bodies = [body for _, _, body in server.got]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    files = b"".join(file.read_bytes() for file in koers_home.ledger.parent.iterdir())
    for hidden in (TOKEN, SECRET, "KODuebWbDGYFr0z0eu"):
        assert hidden not in failed.errors[0] + caplog.text
        assert hidden.encode() not in files


@pytest.mark.fault("G18")
def test_slack_that_says_200_and_garbage_did_not_take_it(slack_at: Web) -> None:
    slack_at.answers = [Answer(200, b"<html>Please log in</html>")]
    with pytest.raises(ChannelError):
        send(SLACK, outgoing())


@pytest.mark.fault("G3")
def test_a_mail_server_that_is_away_is_told_without_its_password(koers_home: Home) -> None:
    url = URLS["mail"].format(secret=SECRET, mail="127.0.0.1:9")
    with open_ledger(koers_home.ledger) as ledger:
        queue(ledger, compose([event()], [HOOK], publication_id="p"), timestamp(NOW))
    result = deliver(koers_home.ledger, [HOOK], lambda: NOW, environment={HOOK.url_env: url})
    assert (result.failed, result.waiting) == (1, 1)
    assert "refused" in result.errors[0]
    assert SECRET not in result.errors[0]


def test_a_secret_that_is_not_set_is_named() -> None:
    error = try_channel(SIGNED, environment={"KOERS_URL": "http://127.0.0.1:9/"})
    assert error == "signed: environment variable KOERS_SECRET is not set"


# koers alerts test


def test_the_sample_goes_over_every_kind_of_channel(
    koers_home: Home, receiver: Web, mails: Post
) -> None:
    koers_home.root.mkdir()
    koers_home.settings_file.write_text(
        "alerts: {language: nl, channels: ["
        "{name: post, url_env: KOERS_POST, language: en},"
        "{name: systeem, url_env: KOERS_URL, secret_env: KOERS_SECRET},"
        "{name: uit, url_env: KOERS_UNSET}]}"
    )
    done = koers(
        koers_home,
        "alerts",
        "test",
        KOERS_POST=mailto(mails),
        KOERS_URL=f"http://{receiver.at}/in",
        KOERS_SECRET=SECRET,
    )
    assert done.returncode == 1
    assert re.findall(r"^(\w+) +(.*)$", done.stdout, re.MULTILINE) == [
        ("post", "taken"),
        ("systeem", "taken"),
        ("uit", "uit: environment variable KOERS_UNSET is not set"),
    ]
    (mail,) = mails.got
    assert mail["Subject"] == "Koers: test message"
    assert "nothing is wrong" in str(mail.get_body(("plain",)))
    assert [part.get_content_type() for part in mail.walk()].count("image/png") == 2
    body = json.loads(receiver.got[0][2])
    assert (body["is_test"], body["language"]) == (True, "nl")
    assert body["title"] == "Koers: proefbericht"


@pytest.mark.parametrize(
    ("channel", "read"),
    [
        ({}, {"noor": "nl", "eva": "en"}),
        ({"language": "en"}, {"noor": "en", "eva": "en"}),
        ({"language": "nl"}, {"noor": "nl", "eva": "nl"}),
    ],
)
def test_the_language_is_that_of_the_channel_else_of_the_owner(
    channel: dict[str, Any], read: dict[str, str]
) -> None:
    events = [event(), event(judged("off_course", 70.0, org_unit_id="sales", owner="eva"))]
    to = Channel(name="hook", url_env="X", **channel)
    messages = compose(events, [to], publication_id="p", languages={"eva": "en"})
    assert {m.owner: m.letter.language for m in messages} == read
    above = to.model_copy(update={"escalation": True})
    told = compose(
        [replace(each, is_escalation=True) for each in events],
        [above],
        publication_id="p",
        languages={"eva": "en"},
    )
    expected = channel.get("language", "nl")
    assert {m.letter.language for m in told} == {expected}
