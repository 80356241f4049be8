"""A letter as Slack blocks and as a Teams adaptive card: pure, within the limits of both.

Names in a letter are those of others, so all text is put where these formats know no markup:
`plain_text` objects of Slack, text runs of an adaptive card. Slack wants `&`, `<` and `>` as
entities everywhere. Pictures cannot go here (Slack and Teams load them from the internet only): the
course of a series is a line of text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipelines.watch.letter import Entry, Letter, Link
from pipelines.watch.text import cut, fitting

SLACK_BLOCKS = 50
SLACK_HEADER = 150
SLACK_SECTION = 3_000
SLACK_TEXT = 12_000
"""Of all blocks together: Slack documents none, and refuses from some 13,000 characters on."""

TEAMS_BYTES = 27_000
"""Of the whole card; Teams takes about 28 kB."""

_COLOURS = {"off": "#b42318", "drift": "#7a3fb0", "back": "#1a7f37", "normal": "#1a7f37"}
_OTHER = "#57606a"
_TONES = {"off": "Attention", "drift": "Accent", "back": "Good", "normal": "Good"}


def slack(letter: Letter) -> dict[str, Any]:
    """An attachment of a Slack message: its blocks, a colour and what a notification shows."""

    def lay_out(shown: Letter) -> dict[str, Any]:
        tone = shown.sections[0].tone if shown.sections else ""
        return {
            "color": _COLOURS.get(tone, _OTHER),
            "fallback": _entities(letter.title)[:SLACK_SECTION],
            "blocks": list(_blocks(shown)),
        }

    return fitting(letter, lay_out, _fits_slack)


def _fits_slack(attachment: dict[str, Any]) -> bool:
    blocks = attachment["blocks"]
    size = len(json.dumps(blocks, ensure_ascii=False))
    return len(blocks) <= SLACK_BLOCKS and size <= SLACK_TEXT


def _blocks(letter: Letter) -> Iterator[dict[str, Any]]:
    yield _header(letter.title)
    if letter.opening:
        yield _section("\n".join(letter.opening), letter.language)
    for section in letter.sections:
        if section.heading:
            yield _header(section.heading)
        for n, entry in enumerate(section.entries, start=1):
            yield _section("\n".join((f"{n}. {entry.name}", *_lines(entry))), letter.language)
            if links := _web(entry):
                said = "   ".join(f"<{_url(each.url)}|{_link_text(each.text)}>" for each in links)
                yield {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": said, "verbatim": True},
                }
        if rest := section.rest_line(letter.language):
            yield _section(rest, letter.language)
    if letter.advice:
        yield _section("\n".join(filter(None, letter.advice)), letter.language)
    if letter.reference:
        yield {"type": "context", "elements": [_plain(letter.reference, SLACK_SECTION)]}


def _header(said: str) -> dict[str, Any]:
    return {"type": "header", "text": _plain(said, SLACK_HEADER)}


def _section(said: str, language: str) -> dict[str, Any]:
    # Entities are longer than what they stand for: cut with room for that, at the end of a line.
    most = SLACK_SECTION
    while len(_entities(short := cut(said, most, language))) > SLACK_SECTION:
        most -= 200
    return {"type": "section", "text": _plain(short, SLACK_SECTION)}


def _plain(said: str, most: int) -> dict[str, Any]:
    if len(_entities(said)) > most:
        while len(_entities(said)) > most - 1:
            said = said[:-1]
        said += "…"
    return {"type": "plain_text", "text": _entities(said), "emoji": False}


def _entities(said: str) -> str:
    """The three characters that control Slack's text (docs.slack.dev, Formatting message text)."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _url(url: str) -> str:
    """Within `<…|…>` neither of these may stand."""
    return _entities(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _link_text(said: str) -> str:
    return _entities(said.replace("|", " "))


def teams(letter: Letter) -> dict[str, Any]:
    """What a Teams workflow ("when a webhook request is received") takes: one adaptive card."""

    def lay_out(shown: Letter) -> dict[str, Any]:
        return {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.4",
                        "fallbackText": letter.title,
                        "msteams": {"width": "full"},
                        "body": list(_card(shown)),
                    },
                }
            ],
        }

    # Measured as it is sent: all but ASCII as \\uXXXX.
    return fitting(letter, lay_out, lambda payload: len(json.dumps(payload)) <= TEAMS_BYTES)


def _card(letter: Letter) -> Iterator[dict[str, Any]]:
    yield _runs(_run(letter.title, size="Large", weight="Bolder"))
    for line in letter.opening:
        yield _runs(_run(line, isSubtle=True), spacing="None")
    for section in letter.sections:
        if section.heading:
            heading = _run(section.heading, size="Medium", weight="Bolder")
            yield _runs(heading, spacing="Large", separator=True)
        for entry in section.entries:
            yield {
                "type": "Container",
                "spacing": "Medium",
                "items": list(_card_entry(entry)),
            }
        if rest := section.rest_line(letter.language):
            yield _runs(_run(rest))
    if letter.advice:
        title, said = letter.advice
        if title:
            bold = _run(title, size="Medium", weight="Bolder")
            yield _runs(bold, spacing="Large", separator=True)
        yield _runs(_run(said), spacing="Small")
    yield _runs(_run(letter.reference, size="Small", isSubtle=True), spacing="Medium")


def _card_entry(entry: Entry) -> Iterator[dict[str, Any]]:
    yield _runs(_run(entry.name, weight="Bolder", color=_TONES.get(entry.tone, "Default")))
    for line in _lines(entry):
        yield _runs(_run(line), spacing="None")
    if links := _web(entry):
        actions = [{"type": "Action.OpenUrl", "title": e.text, "url": e.url} for e in links]
        yield {"type": "ActionSet", "actions": actions}


def _runs(run: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run], **more}


def _run(said: str, **more: Any) -> dict[str, Any]:
    """Text without markup: that of a TextBlock would be Markdown."""
    return {"type": "TextRun", "text": said, **more}


def _lines(entry: Entry) -> list[str]:
    lines = list(entry.lines)
    if entry.course:
        lines.insert(1, entry.course)
    return lines


def _web(entry: Entry) -> list[Link]:
    return [link for link in entry.links if link.url.startswith(("https://", "http://"))]
