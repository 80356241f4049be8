"""Restores a backup into an empty home.

A file in the home says so until the last byte is there. While it stands no command uses the home
(`settings()` refuses), and a restore that was broken off is done over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connectors.core.durable import make_folder, sync
from connectors.core.errors import UnusableKeyError
from connectors.core.failpoints import failpoint
from connectors.core.privacy import resolve_pseudonyms
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.manifest import FILES, Manifest, Stored, read_manifest
from pipelines.operations.backup.verifying import newest_or_named, wrong_in
from pipelines.publication import PublicationError, current, roll_back
from pipelines.settings import UNFINISHED, Home
from pipelines.watch.ledger import SCHEMA_VERSION as LEDGER_VERSION

_CHUNK = 1 << 20
_OF_THE_DISK = ("lost+found",)
"""In the root of a file system: a home may be one."""


@dataclass(frozen=True)
class Restored:
    """`backup`: its folder. `key_wrong`: why the pseudonym key there is now cannot be used; None
    where it can."""

    backup: Path
    manifest: Manifest
    key_wrong: str | None


def restore(home: Home, source: Path, say: Callable[[str], None] = lambda _: None) -> Restored:
    """Restore the newest backup of a destination, or the one that `source` is.

    Raises BackupError: for a backup that is not whole or of a newer Koers, and for a home that is
    not empty; nothing is written then. When the disk refuses, the home stays marked as unfinished.
    """
    backup = newest_or_named(source.resolve())
    manifest = read_manifest(backup)
    _refuse_full(home)
    if manifest.ledger_version > LEDGER_VERSION:
        raise BackupError(
            f"{backup} was made by a newer Koers ({manifest.koers_version}, alert ledger "
            f"{manifest.ledger_version}; this one knows {LEDGER_VERSION}). Use that one."
        )
    say(f"checking {len(manifest.files):,} files of {backup.name}")
    if wrong := list(wrong_in(backup)):
        shown = "\n".join(wrong[:10])
        raise BackupError(f"{backup} is not whole, so nothing was restored:\n{shown}")
    say("copying")
    try:
        _fill(home, backup, manifest)
    except OSError as error:
        raise BackupError(
            f"{home.root} cannot be filled: {error}. It is half a home now; make room and run "
            "koers restore again, which does it over."
        ) from error
    for audience in sorted(home.published.glob("*/koers.duckdb")):
        # Its Parquet files and its second name are links, which a backup does not hold.
        with contextlib.suppress(PublicationError):
            if (publication := current(home, audience.parent.name)) is not None:
                roll_back(home, publication, audience.parent.name)
    return Restored(backup, manifest, _wrong_key(home, manifest))


def _fill(home: Home, backup: Path, manifest: Manifest) -> None:
    make_folder(home.root)
    mark = home.root / UNFINISHED
    if mark.exists():
        _clear(home.root)
    else:
        mark.touch(mode=0o600)
        sync(mark)
        sync(home.root)
    failpoint("restore.marked")
    folders = {home.root}
    for name, stored in manifest.files.items():
        to = home.root / name
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folders |= {to.parent, *to.parent.parents} - set(home.root.parents)
        _copy(backup / FILES / name, to, stored)
        failpoint("restore.file")
    for folder in folders:
        sync(folder)
    failpoint("restore.before_unmark")
    mark.unlink()
    sync(home.root)


def _copy(file: Path, to: Path, stored: Stored) -> None:
    """Copy and check on the way: a disk that fails while it is read must not restore nonsense."""
    digest = hashlib.sha256()
    with file.open("rb") as source, to.open("xb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != stored.sha256:
        raise BackupError(f"{file} changed while it was read. Use another backup.")
    to.chmod(stored.mode)
    # By its time of change an inbox knows a file that it has seen.
    os.utime(to, ns=(stored.mtime_ns, stored.mtime_ns))


def _refuse_full(home: Home) -> None:
    root = home.root
    if not root.exists() or (root / UNFINISHED).exists():
        return
    if not root.is_dir() or any(path.name not in _OF_THE_DISK for path in root.iterdir()):
        raise BackupError(
            f"{root} is not empty, and a restore never overwrites. Point KOERS_HOME at a new or "
            "empty folder, or move this one away."
        )


def _clear(root: Path) -> None:
    """What a restore that was broken off left; all of it came from a backup."""
    for path in root.iterdir():
        if path.name in (UNFINISHED, *_OF_THE_DISK):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _wrong_key(home: Home, manifest: Manifest) -> str | None:
    if manifest.key_id is None:
        return None
    try:
        resolve_pseudonyms(home.root, manifest.key_id)
    except UnusableKeyError as error:
        return str(error)
    return None
