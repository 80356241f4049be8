"""Audiences that keep their publication of before, since a new one could not be made for them.

`state/kept_back.json` says of the last publish which these are and why; the summary of a run and
`koers status` say so until a publish succeeds for them, and the engineers are told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines import records
from pipelines.engineers import tell_engineers
from pipelines.publication import Clock, PublicationError, current, utc_now
from pipelines.settings import Home, Settings


def _record(home: Home) -> Path:
    return home.state / "kept_back.json"


def write_down(home: Home, refused: Mapping[str, str]) -> None:
    """Keep what the last publish could not do: by audience, why."""
    if refused or _record(home).exists():
        records.write(_record(home), {"refused": dict(refused)})


def kept_back(home: Home) -> dict[str, str]:
    """By audience, why it keeps its publication of before; empty where all is well."""
    refused = records.read(_record(home)).get("refused")
    return dict(refused) if isinstance(refused, dict) else {}


def tell_kept_back(
    home: Home, settings: Settings, refused: Mapping[str, str], clock: Clock = utc_now
) -> int:
    """Tell the engineers of each audience once for as long as it keeps the same publication. Only
    its name and since when: the reason may hold what is not for a channel. How many were queued."""
    queued = 0
    for audience in refused:
        since, since_when = "none", "It has no publication yet."
        try:
            if before := current(home, audience):
                since = before.publication_id
                local = before.created_at.astimezone(settings.zone)
                since_when = f"Its figures are those of {local:%Y-%m-%d %H:%M}."
        except PublicationError:
            since, since_when = "unreadable", "The one it has cannot be read."
        queued += tell_engineers(
            home,
            settings,
            key=f"kept-back/{audience}/{since}",
            title=f"Koers: audience {audience} got no new publication",
            body=f"The others did. {since_when} `koers status` says why; when that is mended, "
            "`koers publish` makes all publications anew.",
            clock=clock,
        )
    return queued


def told(audience: str, why: str) -> str:
    """The same line in the log, the summary and the status."""
    return f"audience {audience} keeps its publication of before: {why}"
