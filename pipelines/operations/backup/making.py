"""Makes a backup, while a run may go on."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from connectors.core.durable import make_folder, sync
from connectors.core.failpoints import failpoint
from connectors.core.landing import PREFIX, Landing
from pipelines.lock import held
from pipelines.operations.backup.choosing import PARTS, files_of, rooms
from pipelines.operations.backup.copying import Copier, is_sidecar, remove
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.known import write_down
from pipelines.operations.backup.manifest import (
    FILES,
    ID_FORMAT,
    Manifest,
    Stored,
    read_manifest,
    stored_backups,
)
from pipelines.publication import Clock, PublicationError, current, utc_now
from pipelines.settings import Home
from pipelines.watch.ledger import SCHEMA_VERSION as LEDGER_VERSION

MARK = "koers-backups.json"
ROUNDS = 5
"""How often the landing is looked through again where loads were replaced meanwhile."""


def make_backup(
    home: Home,
    destination: Path,
    *,
    parts: Collection[str] = (),
    keep: int | None = None,
    clock: Clock = utc_now,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Path, Manifest]:
    """Make a backup in a folder of its own at the destination, and keep the newest `keep`.

    Returns its folder and manifest. Raises BackupError where it cannot be made (what was there
    stays), and BusyError while another backup of this home is made.
    """
    destination = destination.resolve()
    _refuse(home, destination, parts)
    with held(home.state / "backup.lock", "koers backup"), _told(destination):
        _mark(destination)
        now = clock().astimezone(dt.UTC)
        write_down(home, destination, now)
        with held(destination / ".lock", "koers backup"):
            for leftover in destination.glob(".making-*"):
                remove(leftover)
            folder, manifest = _make(home, destination, parts, now, clock, say)
            if keep is not None:
                for old in stored_backups(destination)[keep:]:
                    say(f"removing {old.name}")
                    remove(old)
        write_down(home, destination, now)
    return folder, manifest


def _make(
    home: Home,
    destination: Path,
    parts: Collection[str],
    now: dt.datetime,
    clock: Clock,
    say: Callable[[str], None],
) -> tuple[Path, Manifest]:
    before = next(iter(stored_backups(destination)), None)
    known: dict[str, Stored] = {}
    if before is not None:
        with contextlib.suppress(BackupError):  # one that is broken is linked to by none
            known = read_manifest(before).files
        now = max(now, dt.datetime.strptime(before.name, ID_FORMAT).replace(tzinfo=dt.UTC)
                  + dt.timedelta(microseconds=1))  # fmt: skip
    backup_id = now.strftime(ID_FORMAT)
    making = destination / f".making-{backup_id}"
    making.mkdir(mode=0o700)
    copier = Copier(home, making / FILES, before if known else None, known)
    try:
        files: dict[str, Stored] = {}
        for room in rooms(home, parts):
            say(f"copying {room.relative_to(home.root)}")
            if room == home.landing:
                files |= _landing(home, copier)
            else:
                files |= _room(home, room, copier, parts)
            failpoint("backup.room")
        publication_id, facts_hash = _published(home)
        manifest = Manifest(
            backup_id=backup_id,
            made_at=clock().astimezone(dt.UTC).isoformat(timespec="seconds"),
            koers_version=importlib.metadata.version("koers"),
            ledger_version=LEDGER_VERSION,
            key_id=Landing(home.landing).key_id() if home.landing.is_dir() else None,
            publication_id=publication_id,
            facts_hash=facts_hash,
            parts=tuple(sorted(parts)),
            new_bytes=copier.new_bytes,
            files=files,
        )
        copier.sync_folders()
        failpoint("backup.copied")
        manifest.write(making)
        failpoint("backup.before_rename")
        making.rename(destination / backup_id)
        failpoint("backup.after_rename")
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    sync(destination)
    return destination / backup_id, manifest


def _room(home: Home, room: Path, copier: Copier, parts: Collection[str]) -> dict[str, Stored]:
    """The files of a room but the landing. One that vanishes while it is read was moved or
    replaced: in the inbox by a run, whose landing is read after this."""
    found = {}
    for file in files_of(home, room, parts):
        if is_sidecar(file):
            continue
        with contextlib.suppress(FileNotFoundError):
            found[str(file.relative_to(home.root))] = copier.take(file)
    return found


def _landing(home: Home, copier: Copier) -> dict[str, Stored]:
    """The committed loads. One that vanishes meanwhile was replaced or erased, so it is left out as
    a whole, and the landing is looked through once more."""
    taken: dict[Path, dict[str, Stored]] = {}
    for _ in range(ROUNDS):
        there = {p for p in home.landing.glob(f"[!.]*/[!.]*/{PREFIX}*") if p.is_dir()}
        for gone in taken.keys() - there:
            shutil.rmtree(copier.target / gone.relative_to(home.root))
            del taken[gone]
        new = there - taken.keys()
        for load in sorted(new):
            try:
                taken[load] = {
                    str(file.relative_to(home.root)): copier.take(file)
                    for file in sorted(load.iterdir())
                }
            except FileNotFoundError:
                shutil.rmtree(copier.target / load.relative_to(home.root), ignore_errors=True)
        if taken.keys() == {p for p in home.landing.glob(f"[!.]*/[!.]*/{PREFIX}*") if p.is_dir()}:
            break
    else:
        raise BackupError(
            f"{home.landing} did not stand still for a moment: loads are being replaced. "
            "Nothing was backed up; run koers backup again when that is done."
        )
    loads = {name: each for of_load in taken.values() for name, each in of_load.items()}
    return loads | _beside(home, copier)


def _beside(home: Home, copier: Copier) -> dict[str, Stored]:
    """What lies in the landing beside the loads."""
    found = {}
    for file in files_of(home, home.landing, ()):
        if not any(part.startswith(PREFIX) for part in file.relative_to(home.landing).parts):
            with contextlib.suppress(FileNotFoundError):
                found[str(file.relative_to(home.root))] = copier.take(file)
    return found


def _published(home: Home) -> tuple[str | None, str | None]:
    with contextlib.suppress(PublicationError):
        if (publication := current(home)) is not None:
            return publication.publication_id, publication.facts_hash
    return None, None


def _refuse(home: Home, destination: Path, parts: Collection[str]) -> None:
    if unknown := set(parts) - set(PARTS):
        raise ValueError(f"no part of a home: {', '.join(sorted(unknown))}")
    if not home.state.is_dir() and not home.landing.is_dir():
        raise BackupError(f"{home.root} holds nothing to back up. Is KOERS_HOME set as it should?")
    if destination == home.root or home.root in destination.parents:
        raise BackupError(
            f"{destination} lies inside the home: it would be lost together with it. "
            "Name a folder on another disk."
        )


def _mark(destination: Path) -> None:
    """Make the destination, or see that it is one: a folder of something else is not written in."""
    make_folder(destination)
    mark = destination / MARK
    if mark.exists():
        return
    draft = destination / ".koers-backups.new"
    if any(path.name not in (".lock", draft.name) for path in destination.iterdir()):
        raise BackupError(
            f"{destination} holds other things. Name an empty or new folder for backups."
        )
    draft.write_text(
        json.dumps({"what": "Backups of a Koers home. Restore: koers restore FOLDER"}) + "\n",
        encoding="utf-8",
    )
    sync(draft)
    draft.replace(mark)
    sync(destination)


@contextlib.contextmanager
def _told(destination: Path) -> Iterator[None]:
    """What the disk or a database refuses is said to people."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"The backup in {destination} was not made: {error}. Those of before are whole. "
            f"Make room, or name another folder (this user: {os.geteuid()})."
        ) from error
    except sqlite3.Error as error:
        raise BackupError(f"The backup was not made: a database of the home: {error}.") from error
