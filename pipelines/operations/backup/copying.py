"""One file from a home into a backup: copied, or linked to the backup before where it is the same.

A file counts as the same where its path, size and time of change are, and it was left alone for a
while when the backup before was begun: within the grain of the file system's clock a file may
change twice at one time. Databases are read each time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.core.durable import sync
from pipelines.operations.backup.manifest import FILES, ID_FORMAT, Stored
from pipelines.settings import Home

SETTLED_SECONDS = 2.0
_CHUNK = 1 << 20
_SQLITE = b"SQLite format 3\0"
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.ENOSYS)


@dataclass
class Copier:
    """Copies into `target`. `before`: the folder of the backup before, if it is whole, and `known`
    its files."""

    home: Home
    target: Path
    before: Path | None
    known: Mapping[str, Stored]
    new_bytes: int = 0
    _folders: set[Path] = field(default_factory=set)
    _names: dict[tuple[int, int], tuple[Path, Stored]] = field(default_factory=dict)

    def take(self, file: Path) -> Stored:
        """Copy or link one file, durably. Raises FileNotFoundError where it vanished meanwhile."""
        name = str(file.relative_to(self.home.root))
        to = self.target / name
        self._make(to.parent)
        if _is_sqlite(file):
            return self._database(file, to)
        at = file.stat()
        same = self.known.get(name)
        if same and self._is_as_before(same, at) and self._link(name, to, same):
            return same
        # The current publication is a second name of its snapshot.
        seen = self._names.get((at.st_dev, at.st_ino))
        if seen is not None and _linked(seen[0], to):
            return seen[1]
        stored = self._copy(file, to)
        if at.st_nlink > 1:
            self._names[at.st_dev, at.st_ino] = (to, stored)
        return stored

    def sync_folders(self) -> None:
        """Make the names durable."""
        for folder in self._folders:
            if folder.is_dir():  # that of a load that was replaced meanwhile is gone again
                sync(folder)

    def _make(self, folder: Path) -> None:
        if folder not in self._folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folders |= {folder, *folder.parents} - set(self.target.parents)

    def _is_as_before(self, same: Stored, at: os.stat_result) -> bool:
        if self.before is None or (same.bytes, same.mtime_ns) != (at.st_size, at.st_mtime_ns):
            return False
        begun = dt.datetime.strptime(self.before.name, ID_FORMAT).replace(tzinfo=dt.UTC)
        return same.mtime_ns / 1e9 < begun.timestamp() - SETTLED_SECONDS

    def _link(self, name: str, to: Path, same: Stored) -> bool:
        """Whether it could be linked to the same file of the backup before."""
        if self.before is None:
            return False
        of_before = self.before / FILES / name
        with contextlib.suppress(FileNotFoundError):
            return of_before.stat().st_size == same.bytes and _linked(of_before, to)
        return False

    def _copy(self, file: Path, to: Path) -> Stored:
        digest, count = hashlib.sha256(), 0
        with file.open("rb") as source, to.open("xb") as out:
            at = os.fstat(source.fileno())
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                count += len(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        to.chmod(0o600)
        self.new_bytes += count
        return Stored(count, digest.hexdigest(), at.st_mode & 0o777, at.st_mtime_ns)

    def _database(self, file: Path, to: Path) -> Stored:
        """A copy of one moment of an SQLite file that others may be writing to."""
        at = file.stat()
        with (
            contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
            # One file, that needs no other beside it.
            copy.execute("pragma journal_mode = delete")
        to.chmod(0o600)
        sync(to)
        with to.open("rb") as made:
            digest = hashlib.file_digest(made, "sha256").hexdigest()
        count = to.stat().st_size
        self.new_bytes += count
        return Stored(count, digest, at.st_mode & 0o777, at.st_mtime_ns)


def _linked(file: Path, to: Path) -> bool:
    """Whether it could be linked; a file system without links holds copies."""
    try:
        os.link(file, to)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def is_sidecar(file: Path) -> bool:
    """Whether it is the log of an SQLite file, which is taken together with its file."""
    for ending in ("-wal", "-shm", "-journal"):
        if file.name.endswith(ending):
            return _is_sqlite(file.with_name(file.name.removesuffix(ending)))
    return False


def _is_sqlite(file: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), file.open("rb") as start:
        return start.read(len(_SQLITE)) == _SQLITE
    return False


def remove(folder: Path) -> None:
    """Remove a backup: out of sight first, so that nobody takes half of it for a whole one."""
    doomed = folder.with_name(f".making-{folder.name}")
    if folder != doomed and not folder.name.startswith(".making-"):
        folder.rename(doomed)
    else:
        doomed = folder
    shutil.rmtree(doomed)
