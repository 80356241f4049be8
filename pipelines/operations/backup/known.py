"""Where backups of this home were made: `state/backups.json`. Whoever erases a person reads it, to
tell which copies still hold them.

A destination is written down before the first byte goes there, and stays written down.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import records
from pipelines.operations.backup.manifest import stored_backups
from pipelines.settings import Home


@dataclass(frozen=True)
class Destination:
    """A folder that backups of this home went to. `last_at`: when the last one was begun (UTC,
    ISO 8601). `is_there`: whether the folder can be looked at now; `backups`: the ids in it, newest
    first, which are those of the last look where it cannot."""

    folder: Path
    last_at: str
    is_there: bool
    backups: tuple[str, ...]


def destinations(home: Home) -> list[Destination]:
    """Every folder that backups of this home went to, as it is now."""
    found = []
    for text, about in sorted(_read(home).items()):
        folder = Path(text)
        there = folder.is_dir()
        ids = [path.name for path in stored_backups(folder)] if there else about["backups"]
        found.append(Destination(folder, about["last_at"], there, tuple(ids)))
    return found


def write_down(home: Home, folder: Path, at: dt.datetime) -> None:
    """A backup goes, or went, to this folder."""
    content = _read(home)
    ids = [path.name for path in stored_backups(folder)]
    content[str(folder)] = {"last_at": at.isoformat(timespec="seconds"), "backups": ids}
    records.write(_record(home), {"destinations": content})


def _record(home: Home) -> Path:
    return home.state / "backups.json"


def _read(home: Home) -> dict[str, dict[str, Any]]:
    found = records.read(_record(home)).get("destinations")
    return dict(found) if isinstance(found, dict) else {}
