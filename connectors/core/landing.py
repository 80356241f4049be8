"""The landing on disk: which loads are committed, in which order, and what is left of failed ones.

`landing/<connector>/<stream>/load=<load_id>/` is a committed load: Parquet parts and a manifest.
A load id is the UTC moment of its start and sorts by time, even where the clock was set back. A
load is written in `landing/.incoming/` and committed by one rename; what is there afterwards is
left over from a process that was killed.
"""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from connectors.core.errors import BusyError, LandingDamagedError, LandingError
from connectors.core.forgotten import key_id_of
from connectors.core.locks import exclusive
from connectors.core.manifest import Manifest, read_manifest

__all__ = ["Landing", "LandingError"]

PREFIX = "load="
_ID_FORMAT = "%Y%m%dT%H%M%S%fZ"
_GIVING = threading.Lock()
_GIVEN: dict[tuple[Path, str], str] = {}


class Landing:
    """The landing under one folder. Paths and look-ups only: `Load` writes. A manifest, which never
    changes, is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifests: dict[Path, Manifest] = {}

    def manifest(self, connector: str, stream: str, load_id: str) -> Manifest:
        """The manifest of a committed load. Raises LandingDamagedError."""
        folder = self.load_folder(connector, stream, load_id)
        found = self._manifests.get(folder)
        if found is None:
            found = self._manifests[folder] = read_manifest(folder)
        return found

    @property
    def incoming(self) -> Path:
        return self.root / ".incoming"

    @property
    def incoming_lock(self) -> Path:
        """Shared by everybody who writes in `incoming`, taken alone to sweep it."""
        return self.root / ".locks" / ".incoming"

    def stream_lock(self, connector: str, stream: str) -> Path:
        return self.root / ".locks" / f"{connector}.{stream}"

    def inbox_lock(self, connector: str) -> Path:
        return self.root / ".locks" / connector

    def stream_folder(self, connector: str, stream: str) -> Path:
        return self.root / connector / stream

    def load_folder(self, connector: str, stream: str, load_id: str) -> Path:
        return self.stream_folder(connector, stream) / f"{PREFIX}{load_id}"

    def load_ids(self, connector: str, stream: str) -> list[str]:
        """The ids of the committed loads of a stream, oldest first."""
        folder = self.stream_folder(connector, stream)
        if not folder.is_dir():
            return []
        return sorted(p.name.removeprefix(PREFIX) for p in folder.glob(f"{PREFIX}*"))

    def newest(self, connector: str, stream: str) -> Manifest | None:
        """The manifest of the newest committed load. Raises LandingDamagedError."""
        ids = self.load_ids(connector, stream)
        return self.manifest(connector, stream, ids[-1]) if ids else None

    def manifests(self, connector: str, stream: str) -> Iterator[Manifest]:
        """The manifests of the committed loads, newest first. Raises LandingDamagedError."""
        for load_id in reversed(self.load_ids(connector, stream)):
            yield self.manifest(connector, stream, load_id)

    def key_id(self) -> str | None:
        """The id of the pseudonym key that the landing was made with, if it has personal fields.

        Raises LandingDamagedError only where no stream says it and one cannot be read: a damaged
        stream holds up no other."""
        damaged: LandingDamagedError | None = None
        for folder in sorted(self.root.glob("[!.]*/[!.]*")):
            try:
                newest = self.newest(folder.parent.name, folder.name)
            except LandingDamagedError as error:
                damaged = error
                continue
            if newest is not None and newest.key_id is not None:
                return newest.key_id
        found = key_id_of(self.root)
        if found is None and damaged is not None:
            raise damaged
        return found

    def next_load_id(self, connector: str, now: dt.datetime) -> str:
        """An id above every committed one of the connector, also where `now` is before them, and
        above those that other threads were given."""
        started = now.astimezone(dt.UTC)
        with _GIVING:
            streams = (self.root / connector).glob("[!.]*")
            ids = [i for s in streams for i in self.load_ids(connector, s.name)]
            newest = max([*ids, _GIVEN.get((self.root, connector), "")])
            if newest:
                after = dt.datetime.strptime(newest, _ID_FORMAT).replace(tzinfo=dt.UTC)
                started = max(started, after + dt.timedelta(microseconds=1))
            found = started.strftime(_ID_FORMAT)
            _GIVEN[self.root, connector] = found
        return found

    def parts(self, connector: str, stream: str) -> list[Path]:
        """The Parquet parts of all committed loads of a stream, oldest first."""
        return [
            self.load_folder(connector, stream, load_id) / part.name
            for load_id in self.load_ids(connector, stream)
            for part in self.manifest(connector, stream, load_id).parts
            if part.rows
        ]

    def sweep(self) -> int:
        """Remove what killed processes left in `incoming`; the number of leftovers removed. Does
        nothing while another process writes there."""
        if not self.incoming.is_dir():
            return 0
        try:
            with exclusive(self.incoming_lock, "sweeping the landing", wait_seconds=0):
                leftovers = list(self.incoming.iterdir())
                for path in leftovers:
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink()
                return len(leftovers)
        except BusyError:
            return 0
