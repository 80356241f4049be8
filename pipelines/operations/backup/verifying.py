"""Whether a backup is what it was when it was made, and whether it could be restored."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from connectors.core.durable import sha256
from connectors.core.landing import PREFIX
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.manifest import (
    FILE_NAME,
    FILES,
    Manifest,
    read_manifest,
    stored_backups,
)


def newest_or_named(folder: Path) -> Path:
    """A backup: the folder itself, or the newest in it. Raises BackupError where there is none."""
    if (folder / FILE_NAME).exists():
        return folder
    found = next(iter(stored_backups(folder)), None)
    if found is None:
        raise BackupError(f"{folder} holds no backup of Koers.")
    return found


def wrong_in(backup: Path) -> Iterator[str]:
    """What is wrong with a backup, a line each; nothing where it is whole. Raises BackupError where
    its manifest cannot be used."""
    manifest = read_manifest(backup)
    files = backup / FILES
    there = {str(path.relative_to(files)) for path in _files(files)}
    for name, stored in manifest.files.items():
        file = files / name
        if name not in there:
            yield f"{file} is missing"
        elif file.stat().st_size != stored.bytes or sha256(file) != stored.sha256:
            yield f"{file} was changed after it was made"
    for name in sorted(there - manifest.files.keys()):
        yield f"{files / name} was not there when the backup was made"
    yield from _wrong_loads(files, manifest)
    yield from _wrong_ledger(files / "state" / "alerts.sqlite")


def _files(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        yield from (Path(at) / name for name in names)


def _wrong_loads(files: Path, manifest: Manifest) -> Iterator[str]:
    """Loads whose own manifest names a part that is not in the backup."""
    for name in manifest.files:
        file = files / name
        if file.name != "manifest.json" or not file.parent.name.startswith(PREFIX):
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            for part in json.loads(file.read_text(encoding="utf-8"))["parts"]:
                if f"{Path(name).parent / part['name']}" not in manifest.files:
                    yield f"{file} names {part['name']}, which is not in the backup"


def _wrong_ledger(file: Path) -> Iterator[str]:
    if not file.exists():
        return
    try:
        uri = f"{file.as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
            said = [row[0] for row in ledger.execute("pragma integrity_check")]
    except sqlite3.Error as error:
        said = [str(error)]
    if said != ["ok"]:
        yield f"{file} is damaged: {'; '.join(said)[:200]}"
