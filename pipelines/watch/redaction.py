"""Takes the secrets of a channel's URL out of text before anyone else sees it.

Where in an Apprise URL the secret stands differs by service: for Slack the host itself is a token.
So every part of the URL but the scheme is taken for a secret.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from connectors.core.text import one_line

HIDDEN = "***"
_SHORTEST = 3  # shorter parts would hide half of any text, and guard nothing
_LONGEST_TEXT = 300


def redact(text: str, url: str, secret: str = "") -> str:
    """The text without the secret and any part of the URL, on one line, cut to 300 characters."""
    rest = url.split("://", 1)[-1]
    pieces = {url, rest, secret, *re.split(r"[/:@?&=#,+]", rest)}
    pieces |= {unquote(piece) for piece in pieces}
    pieces |= {quote(piece, safe="") for piece in pieces}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= _SHORTEST:
            text = text.replace(piece, HIDDEN)
    return one_line(text, _LONGEST_TEXT)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.levelno >= logging.WARNING or said.startswith("Socket Exception"):
            self.lines.append(said)


@contextlib.contextmanager
def private_logs() -> Iterator[list[str]]:
    """Collect what Apprise and the HTTP client under it would log; nothing of it gets any further.

    On level DEBUG they write whole URLs, and Dagster keeps log lines for ever. Of those only what
    Apprise says of a failed connection is kept: it says the reason nowhere else.
    """
    collector = _Collector()
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3.connectionpool", "smtplib")]
    states = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG if logger.name == "apprise" else logging.WARNING)
        logger.propagate = False
        logger.addHandler(collector)
    try:
        yield collector.lines
    finally:
        for logger, level, propagate in states:
            logger.removeHandler(collector)
            logger.setLevel(level)
            logger.propagate = propagate
