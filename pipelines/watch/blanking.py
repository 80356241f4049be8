"""Takes the permissions out of a stored message: whoever reads the ledger file must not be able to
act as the owner whom a message was written to.

A message keeps its links until a channel took it, since it is sent again as it was after a crash.
From then on its text is only a record, and a record holds no permissions; nor does a message that
waited so long that its links work no more.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

from pipelines.watch.letter import Entry, Letter
from pipelines.watch.links import expiry

BLANK = "***"
# What is said, a dot, and the 32 bytes of the signature, as base64 for URLs.
_TOKEN = re.compile(r"(?<![\w-])[\w-]{8,}\.[\w-]{43}(?![\w-])", re.ASCII)


def blanked(text: str, expired_at: dt.datetime | None = None) -> str:
    """A text with `***` for the token of each link; where a moment (aware) is given, only of those
    that work no more at that moment. Other words stay as they are."""

    def blank(found: re.Match[str]) -> str:
        until = expiry(found[0])
        return BLANK if until and (expired_at is None or until <= expired_at) else found[0]

    return _TOKEN.sub(blank, text)


def with_links_that_work(letter: Letter, now: dt.datetime) -> Letter:
    """A letter without the links that have expired (now: aware): who follows one would be told that
    it does nothing."""

    def works(url: str) -> bool:
        return BLANK not in url and blanked(url, now) == url

    def working(entry: Entry) -> Entry:
        return dataclasses.replace(
            entry, links=tuple(link for link in entry.links if works(link.url))
        )

    sections = (
        dataclasses.replace(section, entries=tuple(map(working, section.entries)))
        for section in letter.sections
    )
    return dataclasses.replace(letter, sections=tuple(sections))
