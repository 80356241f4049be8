"""Publications: the immutable file that BI tools, the report and the drift watch read.

    published/<audience>/koers.duckdb                  the newest, always whole, never written to
    published/<audience>/parquet/<table>.parquet       the same tables (a link to the snapshot's)
    published/<audience>/manifest.json                 what it holds
    published/<audience>/snapshots/<id>/...            these three of the last N publications

A publication is made in a hidden folder beside the snapshots, looked at, given its name by one
rename, and then put in the place of the old one by `os.replace`. A reader that has the old file
open keeps it; who opens it again gets the new one. `koers.duckdb` is a hard link to the snapshot's
file, so which publication is current can be seen from the inode: there is no second record of it
that a crash could leave behind. Linux and macOS only: Windows does not replace an open file.

Within one process DuckDB keeps an open file by its path, so a process that still holds
`koers.duckdb` gets the old one again. `open_publication` therefore opens the snapshot's path.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.durable import sha256, sync, write_text
from connectors.core.failpoints import failpoint
from pipelines.about_publication import About
from pipelines.audience_tables import View
from pipelines.marts import facts_hash
from pipelines.publication_build import (
    STORAGE_VERSION,
    PublicationError,
    build,
    gate,
    refused_by_disk,
    sidecars,
)
from pipelines.security.locked import locked
from pipelines.security.sharing import let_through, seal
from pipelines.settings import Home

__all__ = [
    "Publication",
    "PublicationError",
    "current",
    "facts_hash",
    "open_publication",
    "publish",
    "roll_back",
    "snapshots",
]

MANIFEST_VERSION = 1
SCHEMA_VERSION = 1
"""Of the public tables: goes up when a column is renamed, retyped or removed."""

ID_FORMAT = "%Y%m%dT%H%M%S%fZ"
ID_PATTERN = re.compile(r"\d{8}T\d{12}Z")

Clock = Callable[[], dt.datetime]
WHOLE_VIEW = View()


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Publication:
    """One publication. `file` is its snapshot, which is never changed; `created_at` is in UTC."""

    audience: str
    publication_id: str
    run_id: str
    created_at: dt.datetime
    file: Path
    tables: dict[str, int]
    sha256: str
    facts_hash: str
    dims_hash: str
    schema_version: int
    changed: bool

    @classmethod
    def read(cls, folder: Path) -> Publication:
        """Read a snapshot's manifest. Raises PublicationError naming the file."""
        manifest = folder / "manifest.json"
        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            if content["manifest_version"] > MANIFEST_VERSION:
                raise PublicationError(
                    f"{manifest} was written by a newer Koers (version "
                    f"{content['manifest_version']}; this Koers knows {MANIFEST_VERSION})."
                )
            return cls(
                audience=content["audience"],
                publication_id=content["publication_id"],
                run_id=content["run_id"],
                created_at=dt.datetime.fromisoformat(content["created_at"]),
                file=folder / "koers.duckdb",
                tables=content["tables"],
                sha256=content["sha256"],
                facts_hash=content["facts_hash"],
                dims_hash=content["dims_hash"],
                schema_version=content["schema_version"],
                changed=content["changed"],
            )
        except (OSError, ValueError, KeyError) as error:
            raise PublicationError(f"{manifest} cannot be read: {error!r}") from error


def publish(
    warehouse: Path,
    home: Home,
    *,
    run_id: str,
    keep: int,
    alert_events: Iterable[tuple[Any, ...]] = (),
    evaluated: tuple[str, dt.datetime] | None = None,
    audience: str = "management",
    view: View = WHOLE_VIEW,
    shared: bool = False,
    clock: Clock = utc_now,
) -> Publication:
    """Publish the warehouse's marts and keep the newest `keep` snapshots. shared: with the group of
    the folder.

    `view` is what the audience may see of it; `publishing.publish_all` finds that out.
    `alert_events` are rows in the order of `ALERT_EVENT_COLUMNS`, and `evaluated` which publication
    was judged last, and when (see `watch.ledger`). The result's
    `changed` is False when facts and dimensions equal those of the publication before.
    Raises PublicationError when the warehouse is not fit to publish or another publish is busy;
    what was published before then still stands.
    """
    folder = home.published / audience
    store = folder / "snapshots"
    store.mkdir(parents=True, exist_ok=True)
    with _only_one(folder), _disk_told(folder):
        for leftover in (*store.glob(".building-*"), *folder.glob(".new-*")):
            _remove(leftover)
        before = _before(folder)
        created_at = clock().astimezone(dt.UTC)
        publication_id = _next_id(created_at, store)
        building = store / f".building-{publication_id}"
        building.mkdir()
        try:
            about = About(publication_id, audience, created_at, evaluated)
            build(warehouse, building, alert_events, view, about)
            built = gate(
                warehouse,
                building / "koers.duckdb",
                before.tables if before else {},
                is_whole=view.holds_all_rows,
            )
            hashes = (built.facts_hash, built.dims_hash)
            manifest = {
                "manifest_version": MANIFEST_VERSION,
                "publication_id": publication_id,
                "audience": audience,
                "run_id": run_id,
                "created_at": created_at.isoformat(),
                "schema_version": SCHEMA_VERSION,
                "storage_version": STORAGE_VERSION,
                "duckdb_version": duckdb.__version__,
                "tables": built.tables,
                "facts_hash": built.facts_hash,
                "dims_hash": built.dims_hash,
                "changed": before is None or hashes != (before.facts_hash, before.dims_hash),
                "bytes": (building / "koers.duckdb").stat().st_size,
                "sha256": sha256(building / "koers.duckdb"),
                "parquet": {
                    file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)}
                    for file in sorted((building / "parquet").iterdir())
                },
            }
            _write_manifest(building / "manifest.json", manifest)
            # Read-only, so that a tool that opens it for writing by mistake is told so.
            seal(building, shared=shared, read_only=True)
            let_through(home.root, home.published, folder, store, shared=shared)
            sync(building)
            failpoint("publish.before_rename")
            building.rename(store / publication_id)
            try:
                sync(store)
            except OSError:
                _remove(store / publication_id)  # what was not flushed is not there
                raise
        finally:
            _remove(building)
        _point_to(folder, store / publication_id)
        _prune(store, keep, publication_id)
        return Publication.read(store / publication_id)


def roll_back(home: Home, target: Publication, audience: str = "management") -> None:
    """Make a publication that is kept the current one again. The next publish goes on after the
    newest that is kept. Raises PublicationError when another publish is busy."""
    folder = home.published / audience
    with _only_one(folder), _disk_told(folder):
        _point_to(folder, target.file.parent)


def current(home: Home, audience: str = "management") -> Publication | None:
    """The publication that readers get now; None before the first.

    Raises PublicationError if `koers.duckdb` is there but is none of the snapshots.
    """
    folder = home.published / audience
    if not (folder / "koers.duckdb").exists():
        return None
    # Twice, since between two looks a publish may replace the file and prune the snapshot.
    found = _identify(folder) or _identify(folder)
    if found is None:
        raise PublicationError(
            f"{folder / 'koers.duckdb'} is not a publication, or was changed after it was made. "
            "Run `koers publish` to put a good one in its place."
        )
    return found


def snapshots(home: Home, audience: str = "management") -> list[Publication]:
    """The publications that are kept, newest first."""
    return [Publication.read(path) for path in _stored(home.published / audience / "snapshots")]


def open_publication(publication: Publication) -> duckdb.DuckDBPyConnection:
    """Open a publication for reading only, and no other file. Raises PublicationError if it is no
    longer there."""
    try:
        return locked(str(publication.file), read_only=True)
    except duckdb.Error as error:
        raise PublicationError(f"{publication.file} cannot be opened: {error}") from error


def _identify(folder: Path) -> Publication | None:
    file = folder / "koers.duckdb"
    if not file.exists():
        return None
    stored = list(_stored(folder / "snapshots"))
    for snapshot in stored:
        with contextlib.suppress(FileNotFoundError):
            if file.samefile(snapshot / "koers.duckdb"):
                return Publication.read(snapshot)
    # A copied or restored home has no hard links any more: look at the content.
    with contextlib.suppress(FileNotFoundError):
        digest = sha256(file)
        for snapshot in stored:
            with contextlib.suppress(PublicationError):  # one that is broken is not the one
                publication = Publication.read(snapshot)
                if publication.sha256 == digest:
                    return publication
    return None


def _before(folder: Path) -> Publication | None:
    """The publication to compare a new one with. One that cannot be read is no reason to refuse
    a good one."""
    with contextlib.suppress(PublicationError):
        return _identify(folder)
    return None


def _stored(store: Path) -> Iterator[Path]:
    if store.is_dir():
        names = (path for path in store.iterdir() if ID_PATTERN.fullmatch(path.name))
        yield from sorted(names, reverse=True)


def _next_id(now: dt.datetime, store: Path) -> str:
    """Time-ordered, also when the clock was put back."""
    newest = next(_stored(store), None)
    if newest is not None:
        last = dt.datetime.strptime(newest.name, ID_FORMAT).replace(tzinfo=dt.UTC)
        now = max(now, last + dt.timedelta(microseconds=1))
    return now.strftime(ID_FORMAT)


def _point_to(folder: Path, snapshot: Path) -> None:
    """Make a snapshot the current publication: first the file, then what goes with it."""
    file = folder / "koers.duckdb"
    for log in sidecars(file):
        # Someone wrote into the old file. Its log must never be replayed into the new one.
        log.rename(log.with_name(f"{log.name}.of-before-{snapshot.name}"))
    link = folder / f".new-{snapshot.name}.duckdb"
    link.unlink(missing_ok=True)  # of a rollback that was killed
    os.link(snapshot / "koers.duckdb", link)
    failpoint("publish.before_replace")
    link.replace(file)
    failpoint("publish.after_replace")
    parquet = folder / "parquet"
    if parquet.is_dir() and not parquet.is_symlink():
        _remove(parquet)  # a copy of a home holds the files themselves
    link = folder / f".new-{snapshot.name}.parquet"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("snapshots") / snapshot.name / "parquet")
    link.replace(parquet)
    copy = folder / f".new-{snapshot.name}.json"
    shutil.copy(snapshot / "manifest.json", copy)  # with who may read it
    sync(copy)
    copy.replace(folder / "manifest.json")
    sync(folder)
    failpoint("publish.before_prune")


def _prune(store: Path, keep: int, current_id: str) -> None:
    for log in sorted(store.parent.glob("*.of-before-*"))[:-keep]:
        log.unlink()
    for snapshot in list(_stored(store))[keep:]:
        if snapshot.name != current_id:
            # Out of sight first, so that no one finds half a snapshot.
            doomed = snapshot.rename(store / f".building-{snapshot.name}")
            _remove(doomed)


def _write_manifest(file: Path, manifest: dict[str, Any]) -> None:
    write_text(file, json.dumps(manifest, indent=2) + "\n")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _disk_told(folder: Path) -> Iterator[None]:
    """What the disk refuses is said to people, with the bytes of the publication of before."""
    try:
        yield
    except OSError as error:
        raise PublicationError(refused_by_disk(folder, error)) from error


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the audience's lock. The system lets go of it when the process ends, however it ends."""
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PublicationError(
                f"Another process is publishing to {folder}. Wait until it is done."
            ) from error
        yield
