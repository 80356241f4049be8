"""What a run says while it runs: lines for people, or one JSON object per line for a log store.

`KOERS_LOG=json` chooses the latter: `at` (UTC), `level`, `logger`, `message`, and `pid`. A line of
a source that holds a line break or a control character stays one line there. The values of
variables that hold secrets are taken out, as a last net below what each part leaves out itself.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import os
import sys
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, unquote

from connectors.core.text import visible

VARIABLE = "KOERS_LOG"
HIDDEN = "***"
_SHORTEST = 6
OURS = ("pipelines", "connectors")


def is_json() -> bool:
    """Whether the environment asks for JSON."""
    return os.environ.get(VARIABLE, "").strip().lower() == "json"


def say(message: str, level: str = "info", logger: str = "koers", to: TextIO | None = None) -> None:
    """Say a line on standard error, or another stream, in the form that is asked for."""
    to = to or sys.stderr
    if not is_json():
        print(visible(message), file=to, flush=True)
    elif message.strip():
        print(line_of(message, level, logger), file=to, flush=True)


def line_of(message: str, level: str, logger: str) -> str:
    """The JSON line of a message."""
    return json.dumps(
        {
            "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "logger": logger,
            "message": without_secrets(message.strip()),
            "pid": os.getpid(),
        },
        ensure_ascii=False,
    )


def begin() -> None:
    """Let everything that logs say JSON too, where that is asked for. Own messages from INFO on,
    those of libraries from WARNING on."""
    if not is_json():
        return
    handler = _Lines()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            # The text of a foreign error may hold anything; what it is, is enough here.
            message = f"{message} ({record.exc_info[0].__name__})"
        print(line_of(message, record.levelname.lower(), record.name), file=sys.stderr, flush=True)


def without_secrets(text: str) -> str:
    """The text without the value of any variable that holds a secret, in any spelling that a URL
    may give it."""
    for secret in _secrets():
        for spelling in {secret, quote(secret, safe=""), unquote(secret)}:
            text = text.replace(spelling, HIDDEN)
    return text


@functools.cache
def _secrets() -> tuple[str, ...]:
    """Longest first, so that one that holds another goes as a whole."""
    found = set()
    for name in _secret_names():
        value = os.environ.get(name, "").strip()
        if not value and (file := os.environ.get(f"{name}_FILE", "").strip()):
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                value = ""
        found |= {part for part in (value, *value.splitlines()) if len(part) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def _secret_names() -> set[str]:
    from pipelines.security.environment import secret_names
    from pipelines.settings import Settings, SettingsError, home, settings

    try:
        chosen = settings(home())
    except (SettingsError, OSError, ValueError):
        chosen = Settings()
    return {name for name in secret_names(chosen) if not name.endswith("_FILE")}
