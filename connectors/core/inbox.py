"""The files that lie in an inbox: which can be taken now, and where they go afterwards.

A file that is still being written is left for the next look: its size and time must have stood
still for a while. Only regular files are taken, never what a link, a pipe or a device gives. A
file's name is shown and matched, but no path is made of it.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connectors.core.durable import make_folder, move
from connectors.core.failpoints import failpoint
from connectors.core.mapping import FILE_NAME

SETTLE_SECONDS = 2.0
ARCHIVE = "archive"
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp")
_DROPPINGS = ("thumbs.db", "desktop.ini")


Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Found:
    """A file in the inbox. `name` is safe to show and to store; `waiting` or `refused` say why it
    cannot be taken now."""

    path: Path
    name: str
    stamp: Stamp
    waiting: str | None = None
    refused: str | None = None

    def is_as_found(self) -> bool:
        """Whether nobody has written to it or replaced it since."""
        try:
            return stamp_of(self.path) == self.stamp
        except FileNotFoundError:
            return False

    @property
    def order(self) -> tuple[int, str]:
        """Files are taken in the order in which they were written."""
        return (self.stamp[2], self.name)


def stamp_of(path: Path) -> Stamp:
    """What changes when a file is written to: its inode, size and time in nanoseconds."""
    return _stamp(path.lstat())


def _stamp(status: os.stat_result) -> Stamp:
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def look(
    folder: Path,
    *,
    settle_seconds: float = SETTLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Found]:
    """The files of an inbox folder, oldest first. Where one was written to within the last
    `settle_seconds`, waits until that long has passed, and looks again."""
    first = _glance(folder)
    youngest = max((stamp[2] for stamp, _ in first.values()), default=0) / 1e9
    if (age := time.time() - youngest) < settle_seconds:
        sleep(min(settle_seconds, settle_seconds - age))
    second = _glance(folder)
    found = [
        _judge(path, stamp, mode, first.get(path) == (stamp, mode))
        for path, (stamp, mode) in second.items()
    ]
    return sorted(found, key=lambda file: file.order)


def archive(file: Found, inbox: Path, connector: str, load_id: str) -> Path | None:
    """Move a processed file to `inbox/archive/<connector>/<load_id>__<name>`; where it went. None
    where another file has taken its place since it was read: that one stays, for the next look."""
    folder = inbox / ARCHIVE / connector
    make_folder(folder)
    target = folder / f"{load_id}__{_safe(file.name)}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{load_id}__{number}_{_safe(file.name)}"
    failpoint("inbox.before_archive")
    if not file.is_as_found():
        return None
    move(file.path, target)
    failpoint("inbox.after_archive")
    return target


def _glance(folder: Path) -> dict[Path, tuple[Stamp, int]]:
    stamps = {}
    for path in folder.iterdir():
        name = path.name
        if name.startswith((".", "~$")) or name.casefold() in (FILE_NAME, *_DROPPINGS):
            continue
        try:
            status = path.lstat()
            stamps[path] = (_stamp(status), status.st_mode)
        except FileNotFoundError:
            continue  # taken away between listing and looking: not there is not there
    return stamps


def _judge(path: Path, stamp: Stamp, mode: int, is_settled: bool) -> Found:
    name = "".join(
        c if c.isprintable() else "?" for c in os.fsencode(path.name).decode("utf-8", "replace")
    )
    waiting = refused = None
    if stat.S_ISLNK(mode):
        refused = "is a symbolic link; put the file itself here"
    elif stat.S_ISDIR(mode):
        refused = "is a folder, which is not looked into; put the files themselves here"
    elif not stat.S_ISREG(mode):
        refused = "is not a regular file (a pipe or device)"
    elif name.casefold() == "mapping.yml":
        refused = f"is not read; name it {FILE_NAME}"
    elif name.casefold().endswith(_UNFINISHED):
        waiting = "is still being written, as its name says"
    elif not is_settled:
        waiting = "is still being written"
    return Found(path, name, stamp, waiting, refused)


def _safe(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    tidy = re.sub(r"[^\w .-]", "_", stem if dot else suffix)[:100].strip(". ") or "file"
    return f"{tidy}.{re.sub(r'[^a-zA-Z0-9]', '', suffix)[:8]}" if dot else tidy
