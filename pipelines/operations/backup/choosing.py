"""Which files of a home belong in a backup, and in which order they are read.

Always: the settings, the inbox, the landing (the system of record), the state (alerts, what was
said, what was shown of small groups, what was read). Never: what can be made again (the warehouse,
the report, dbt's target), what is of one machine (locks, Dagster's runs), and keys, which lie
outside the home.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from pipelines.settings import Home

PUBLICATIONS = "publications"
ARCHIVE = "archive"
PARTS = (PUBLICATIONS, ARCHIVE)
"""What is in a backup only where it is asked for: publications of before can be large, and the
archive holds export files as people brought them, with names and addresses."""

_OF_THIS_MACHINE = {"dbt", "metrics.prom", "backup.lock", "logs"}


def rooms(home: Home, parts: Collection[str]) -> list[Path]:
    """The files and folders of the home to copy, in the order to copy them.

    The inbox goes before the landing: what is landed meanwhile is then in both, which is nothing
    new, and not in neither. The state goes last: alerts that were told are then known as told.
    """
    found = [*sorted(home.root.glob("*.yaml")), home.inbox, home.landing]
    if PUBLICATIONS in parts:
        found.append(home.published)
    found.append(home.state)
    return [path for path in found if path.exists()]


def files_of(home: Home, room: Path, parts: Collection[str]) -> Iterator[Path]:
    """The files of one room, sorted. Links are followed nowhere and are left out."""
    if room.is_file():
        yield room
        return
    for folder, names, files in os.walk(room):
        at = Path(folder)
        names[:] = sorted(name for name in names if _belongs(home, at / name, parts))
        for name in sorted(files):
            file = at / name
            if _belongs(home, file, parts) and not file.is_symlink() and file.is_file():
                yield file


def _belongs(home: Home, path: Path, parts: Collection[str]) -> bool:
    if path.parent == home.inbox and path.name == "archive":
        return ARCHIVE in parts
    if path.parent == home.state and path.name in _OF_THIS_MACHINE:
        return False
    if home.published in path.parents:
        return _is_published(home, path)
    if path.parent == home.landing and path.name.startswith("."):
        # Such as the list of who is not to be taken in again.
        return path.name not in (".incoming", ".locks") and path.suffix != ".new"
    # Hidden names are drafts, locks and what is not committed.
    return not path.name.startswith(".") and path.suffix not in (".lock", ".new")


def _is_published(home: Home, path: Path) -> bool:
    """Snapshots, and which of them is current; the rest is made of them."""
    within = path.relative_to(home.published).parts
    if any(name.startswith(".") for name in within):
        return False
    return len(within) <= 1 or within[1] in ("snapshots", "koers.duckdb", "manifest.json")
