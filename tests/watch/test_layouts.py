"""What names of others can do to a message in any of its forms: nothing. And what is too long."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.sax.saxutils import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.watch.chat import (
    SLACK_BLOCKS,
    SLACK_HEADER,
    SLACK_SECTION,
    SLACK_TEXT,
    TEAMS_BYTES,
    slack,
    teams,
)
from pipelines.watch.formats import label
from pipelines.watch.letter import Letter, Link, from_json
from pipelines.watch.mail_html import mail_html
from pipelines.watch.pictures import PICTURED, pictures
from pipelines.watch.text import cut, text, text_within
from tests.watch.letters import event, letter, linked, named, storm
from tests.watch.rows import drifting, judged

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "*bold* _it_ ~no~ `code` ```block```",
    "[click](https://evil.example) ![x](y)",
    "<https://evil.example|click> <!channel> <@U123> @here",
    "<at>Everyone</at>",
    "a & b &amp; &lt;c&gt;",
    "one\ntwo\r\nthree\u2028four",
    "שלום שם ארוך",
    "\u202eegnahc\u202c \u200f\x00\x1b[31m",
    "{kpi} {0} %s ${HOME}",
    "| cell | # head - list 1. one",
    "x" * 10_000,
    "🦆" * 500,
]
names = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=200))


class Parsed(HTMLParser):
    """The tags of a document with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def html(of: Letter) -> Parsed:
    return Parsed(mail_html(of, pictures(of)))


@pytest.mark.fault("G12")
@given(names)
@example("<script>")
def test_a_name_is_text_in_mail(name: str) -> None:
    parsed = Parsed(mail_html(named(name)))
    assert parsed.tags == Parsed(mail_html(named("x"))).tags
    assert label(name) in parsed.words


@pytest.mark.fault("G12")
@given(names)
def test_a_name_is_text_in_slack(name: str) -> None:
    blocks = slack(named(name))["blocks"]
    assert [block["type"] for block in blocks] == [b["type"] for b in slack(named("x"))["blocks"]]
    said = [each["text"] for each in texts(blocks)]
    assert all(each["type"] == "plain_text" for each in texts(blocks))
    assert not any("<" in each or ">" in each for each in said)
    assert any(label(name) in unescape(each) for each in said)


@pytest.mark.fault("G12")
@given(names)
def test_a_name_is_text_in_teams(name: str) -> None:
    runs, plain = list(found(teams(named(name)))), list(found(teams(named("x"))))
    assert [kind for kind, _ in runs] == [kind for kind, _ in plain]
    assert {kind for kind, _ in runs} <= {
        "message", "AdaptiveCard", "Container", "RichTextBlock", "TextRun"
    }  # fmt: skip
    assert any(label(name) in said for _, said in runs)


@pytest.mark.fault("G12", "G13")
@given(names)
def test_a_name_makes_no_line_of_its_own(name: str) -> None:
    lines = text(named(name)).splitlines()
    assert len(lines) == len(text(named("x")).splitlines())
    assert label(name) in lines[4]


@given(names)
def test_a_letter_goes_through_the_outbox_unchanged(name: str) -> None:
    made = named(name)
    assert from_json(made.to_json()) == made


def texts(part: Any) -> Iterator[dict[str, Any]]:
    """The text objects of Slack blocks."""
    if isinstance(part, list):
        yield from itertools.chain.from_iterable(map(texts, part))
    elif isinstance(part, dict) and part.get("type") in ("plain_text", "mrkdwn"):
        yield part
    elif isinstance(part, dict):
        yield from texts(list(part.values()))


def found(part: Any) -> Iterator[tuple[str, str]]:
    """Kind and text of all parts of a card."""
    if isinstance(part, list):
        yield from itertools.chain.from_iterable(map(found, part))
    elif isinstance(part, dict):
        if "type" in part:
            yield part["type"], part.get("text", "")
        yield from found(list(part.values()))


def test_right_to_left_is_isolated() -> None:
    assert label("שלום") == "\u2068שלום\u2069"
    assert label("Team") == "Team"


def test_mail_loads_nothing_and_shows_every_picture() -> None:
    parsed = html(letter())
    sources = [value for name, value in parsed.attributes if name == "src"]
    assert sources == ["cid:koers-1-light.png", "cid:koers-1-dark.png"]
    assert not [name for name, _ in parsed.attributes if name.startswith("on") or name == "href"]
    assert not [tag for tag, _ in parsed.tags if tag in ("script", "link", "iframe", "form")]
    alts = [value for name, value in parsed.attributes if name == "alt"]
    assert alts[0] == (
        "Verloop van januari 2025 tot en met juni 2025: laagste 80, hoogste 105, nu 80. Uit koers"
        " in 1 en ongewoon in 0 van 6 perioden."
    )


def test_mail_says_what_how_bad_since_when_why_and_what_to_do() -> None:
    words = html(letter(language="en")).words
    wanted = [
        "Win rate of Team Noord is off course (June 2025)",
        "Win rate",
        "80",
        "10 below the band",
        "Off course since",
        "this period",
        "Since the period before -18, by",
        "-9",
        "50%",
        "What to do",
    ]
    places = [words.index(each) for each in wanted]
    assert places == sorted(places)


def test_a_drift_back_and_normal_have_a_layout_too() -> None:
    events = [
        event(drifting(2.0, kpi="b")),
        event(judged("on_course", 95.0, kpi="c"), "resolved"),
        event(drifting(0.0, kpi="d"), "resolved"),
    ]
    made = letter(*events)
    assert [section.tone for section in made.sections] == ["drift", "back", "normal"]
    badges = ["▲ Ongewoon", "✓ Weer op koers", "✓ Weer gewoon"]
    words = [word for word in html(made).words if word in badges]
    assert words == badges


LINKS = (
    Link("Ik pak het op", "https://koers.example/a?b=1&c=2"),
    Link("x|y", "https://koers.example/<a|b>"),
    Link("Nooit", "javascript:alert(1)"),
)


def test_links_are_links_of_the_web_only() -> None:
    made = linked(letter(), *LINKS)
    hrefs = [value for name, value in html(made).attributes if name == "href"]
    assert hrefs == [LINKS[0].url, LINKS[1].url]
    (said,) = [each["text"] for each in texts(slack(made)["blocks"]) if each["type"] == "mrkdwn"]
    assert said == (
        "<https://koers.example/a?b=1&amp;c=2|Ik pak het op>   "
        "<https://koers.example/%3Ca%7Cb%3E|x y>"
    )
    card = json.dumps(teams(made))
    assert card.count("Action.OpenUrl") == 2
    assert "Ik pak het op: https://koers.example/a?b=1&c=2" in text(made)


@pytest.mark.parametrize("name", ["Team {n}", "<&>" * 100 + "{n}", "é🦆" * 30 + "{n}"])
def test_a_storm_stays_within_the_limits_of_slack_and_teams(name: str) -> None:
    made = linked(storm(name=name), *LINKS)
    attachment = slack(made)
    assert len(attachment["blocks"]) <= SLACK_BLOCKS
    assert len(json.dumps(attachment["blocks"], ensure_ascii=False)) <= SLACK_TEXT
    for block in attachment["blocks"]:
        for said in texts(block):
            assert len(said["text"]) <= (
                SLACK_HEADER if block["type"] == "header" else SLACK_SECTION
            )
    assert len(json.dumps(teams(made))) <= TEAMS_BYTES
    for shown in (json.dumps(attachment, ensure_ascii=False), json.dumps(teams(made))):
        assert "Uit koers (1.000)" in shown
        assert "andere: Scoringskans" in shown


def test_a_storm_in_mail_shows_the_worst_and_counts_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipelines.watch.pictures.picture", lambda *_, **__: bytes(60_000))
    made = storm()
    drawn = pictures(made)
    assert [len(of) for of in drawn] == [2] * PICTURED + [0] * (20 - PICTURED)
    assert sum(len(picture.png) for of in drawn for picture in of) < 900_000
    words = html(made).words
    assert "En nog 980 andere: Scoringskans 980." in words
    assert len(mail_html(made, drawn)) < 100_000


@pytest.mark.parametrize("most", [10_000, 3_000, 1_000, 500, 160, 20, 1, 0])
def test_text_as_much_as_a_service_takes(most: int) -> None:
    made = storm(300)
    said = text_within(made, most)
    assert len(said) <= most
    if most >= 500:
        shown = sum(line[0].isdigit() for line in said.splitlines() if line)
        assert f"En nog {300 - shown} andere" in said
        assert said.endswith(made.reference)


@given(st.text("ab\n", max_size=200), st.integers(0, 200))
def test_cut_keeps_whole_lines(said: str, most: int) -> None:
    short = cut(said, most, "en")
    assert len(short) <= most
    if short != said and len(short) > 60:
        *lines, last = short.split("\n")
        assert lines == said.split("\n")[: len(lines)]
        assert last == f"… and {len(said.split(chr(10))) - len(lines)} more lines."


@pytest.mark.fault("D9")
def test_a_value_that_is_no_number_is_told_to_machines_as_unknown() -> None:
    row = judged("off_course", 80.0, target=math.inf, process_band_lower=math.nan)
    alert = letter(event(row)).entries[0].alert
    assert alert["target"] is None
    assert alert["process_band"]["lower"] is None
    json.dumps(alert, allow_nan=False)
