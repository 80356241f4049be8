"""The pages that a link in a message opens: small, without scripts, and readable on a phone."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from html import escape

from pipelines.watch.clicks import Look
from pipelines.watch.drift import DRIFT, KINDS
from pipelines.watch.formats import date, label, period
from pipelines.watch.link_words import LINK_WORDS
from pipelines.watch.links import DAYS, Permission
from pipelines.watch.messages import described
from pipelines.watch.words import WORDS

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1f24; --soft: #4b5661; --paper: #f4f6f8;
  --card: #ffffff; --line: #c9d1d9; --deed: #0b5cad; --on-deed: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --soft: #aab6c2; --paper: #12171c;
  --card: #1c232a; --line: #3a4550; --deed: #7cb8f7; --on-deed: #0b1620; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 1rem auto; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; overflow-wrap: break-word; }
h1 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 .75rem; }
form { margin: 0 0 .5rem; }
.soft { color: var(--soft); font-size: .9375rem; }
.said { padding: .75rem; border-left: .25rem solid var(--deed); background: var(--paper); }
button { width: 100%; min-height: 3rem; padding: .5rem 1rem; border: 0; border-radius: .375rem;
  background: var(--deed); color: var(--on-deed); font: inherit; font-weight: 600;
  cursor: pointer; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""For the content security policy: this style and nothing else."""


def page(allowed: Permission, look: Look, zone: dt.tzinfo, currency: str) -> str:
    """The page of a good link, in its language: what it is about and, where there is something to
    do, one button. Times are those of `zone`."""
    words = LINK_WORDS[allowed.language]
    parts = []
    if look.told is not None and look.found != "expired":
        parts += _about(look, allowed.language, currency)
    heading = parts.pop(0) if parts else words["title"]
    deed = escape(words[allowed.act])
    if look.found == "ask":
        recipient = label(allowed.recipient)
        parts += [
            f"<p>{escape(words[f'ask_{allowed.act}'])}</p>",
            f'<form method="post"><button type="submit">{deed}</button></form>',
            f'<p class="soft">{escape(words["as_who"].format(recipient=recipient))}</p>',
        ]
    else:
        parts.append(f'<p class="said" role="status">{escape(_said(allowed, look, zone))}</p>')
    return _html(allowed.language, heading, parts)


def invalid_page() -> str:
    """Of a link that is none of ours: it says the same whatever was wrong, in both languages."""
    parts = [f'<p lang="{language}">{escape(LINK_WORDS[language]["invalid"])}</p>'
             for language in LINK_WORDS]  # fmt: skip
    return _html("nl", LINK_WORDS["nl"]["title"], parts)


def busy_page() -> str:
    """When the ledger is written by somebody else for too long; in both languages."""
    parts = [f'<p lang="{language}">{escape(LINK_WORDS[language]["busy"])}</p>'
             for language in LINK_WORDS]  # fmt: skip
    return _html("nl", LINK_WORDS["nl"]["title"], parts)


def _about(look: Look, language: str, currency: str) -> list[str]:
    """What the alert is about: the heading, then paragraphs."""
    if look.told is None:
        return []
    words, row = LINK_WORDS[language], look.told.row
    kpi = label(row.label_nl if language == "nl" else row.label_en)
    if row.kind not in KINDS:
        return [kpi]
    heading = words["drift" if row.kind == DRIFT else "off"]
    about = words["period"].format(
        period=period(row.period_start, row.grain, language),
        since=period(look.told.alert.since, row.grain, language),
        owner=label(row.owner),
    )
    figures = " ".join(described(row, language, currency))
    return [
        heading.format(kpi=kpi, unit=label(row.unit_name)),
        f"<p>{escape(figures)}</p>",
        f'<p class="soft">{escape(about)}</p>',
    ]


def _said(allowed: Permission, look: Look, zone: dt.tzinfo) -> str:
    language = allowed.language
    words = LINK_WORDS[language]

    def when(moment: dt.datetime | None) -> str:
        if moment is None:
            return "-"
        local = moment.astimezone(zone)
        return f"{date(local.date(), language)} {local:%H:%M}"

    if look.found == "expired":
        return words["expired"].format(until=when(allowed.expires))
    at = look.told.alert.at if look.told else None
    if at is not None and at.ending is not None:
        return words["ended"].format(why=WORDS[language][at.ending])
    if at is None or look.found == "over":
        return words["over"]
    if look.found == "shown":
        return words[f"state_{at.state}"]
    by = label(look.by or "-")
    if look.found == "used":
        return words["used"].format(by=by, when=when(look.at))
    if allowed.act in DAYS:
        until = when(at.snoozed_until)
        return words["done_snooze"].format(by=by, when=when(look.at), until=until)
    return words["done_acknowledge"].format(by=by, when=when(look.at))


def _html(language: str, heading: str, parts: list[str]) -> str:
    title = escape(heading)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>{title}</h1>{''.join(parts)}</main></body></html>"
    )
