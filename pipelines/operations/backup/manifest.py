"""The manifest of a backup: every file with its checksum, and what a restore is to know."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from connectors.core.durable import sync
from pipelines.operations.backup.errors import BackupError

VERSION = 1
FILE_NAME = "manifest.json"
FILES = "home"
"""The folder of a backup that holds the files, as they lay in the home."""
ID_FORMAT = "%Y%m%dT%H%M%S%fZ"
ID_PATTERN = re.compile(r"\d{8}T\d{12}Z")


@dataclass(frozen=True)
class Stored:
    """One file. `mtime_ns`: when the original was last changed, in nanoseconds since 1970."""

    bytes: int
    sha256: str
    mode: int
    mtime_ns: int


@dataclass(frozen=True)
class Manifest:
    """See the module. `files`: by path within the home. `made_at`: UTC, when the last file was
    copied. `key_id`: of the pseudonym key that the landing was made with; the key itself is never
    in a backup. `facts_hash`: of the publication of `management` at that time, None where there was
    none. `parts`: what was asked for beside what is always in it. `new_bytes`: what was copied, and
    not linked."""

    backup_id: str
    made_at: str
    koers_version: str
    ledger_version: int
    key_id: str | None
    publication_id: str | None
    facts_hash: str | None
    parts: tuple[str, ...] = ()
    new_bytes: int = 0
    files: dict[str, Stored] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files.values())

    def write(self, folder: Path) -> None:
        """Write it into the folder of a backup, durably."""
        content = {"backup_version": VERSION, **asdict(self)}
        file = folder / FILE_NAME
        with file.open("x", encoding="utf-8") as out:
            json.dump({"sha256": _digest(content), **content}, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        sync(folder)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupError for one that cannot be read, was changed, is of
    a newer Koers, or names a path outside the home."""
    file = folder / FILE_NAME
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        said = content.pop("sha256")
        if content["backup_version"] > VERSION:
            raise BackupError(
                f"{file} was written by a newer Koers (backup version "
                f"{content['backup_version']}; this Koers knows {VERSION}). Use that Koers."
            )
        if said != _digest(content):
            raise BackupError(f"{file} was changed after it was made. Use another backup.")
        content.pop("backup_version")
        content["files"] = {name: Stored(**each) for name, each in content["files"].items()}
        content["parts"] = tuple(content["parts"])
        found = Manifest(**content)
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup of Koers: it has no {FILE_NAME}.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{file} cannot be read: {error!r}. Use another backup.") from error
    for name in found.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise BackupError(f"{file} names a path outside the home: {name!r}. Nothing was done.")
    return found


def stored_backups(destination: Path) -> list[Path]:
    """The folders of the backups at a destination, newest first."""
    if not destination.is_dir():
        return []
    names = (path for path in destination.iterdir() if ID_PATTERN.fullmatch(path.name))
    return sorted(names, key=lambda path: path.name, reverse=True)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
