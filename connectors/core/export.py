"""Lands the export files that lie in a connector's inbox.

    result = ingest_inbox(CONNECTOR, home / "inbox", home / "landing", time_zone="Europe/Amsterdam",
                          end_date=None, now=datetime.now(UTC))

Each stream's files go into one load, oldest first; of a stream whose file holds everything there is
(mode full), each file is a load of its own, except where files stay in the inbox: there they hold
everything together. A file is archived once its load is committed. Killed in between, the next run
finds its fingerprint in the manifest and archives it then, so nothing is landed twice or lost.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.core.candidates import Candidate, candidates
from connectors.core.contract import Connector, Stream
from connectors.core.errors import MappingError, UnusableKeyError
from connectors.core.inbox import SETTLE_SECONDS, Found, archive, look
from connectors.core.landing import Landing
from connectors.core.locks import exclusive
from connectors.core.manifest import Manifest
from connectors.core.mapping import FILE_NAME, read_mapping
from connectors.core.outcome import FileOutcome, IngestResult, StreamResult, result_of
from connectors.core.taking import Progress, Setting, held_back, take

__all__ = [
    "FileOutcome",
    "IngestResult",
    "MappingError",
    "Progress",
    "StreamResult",
    "UnusableKeyError",
    "ingest_inbox",
]

_DONE = ("loaded", "unchanged", "ignored")


def ingest_inbox(
    connector: Connector,
    inbox: Path,
    landing: Path,
    *,
    now: dt.datetime,
    time_zone: str = "Europe/Amsterdam",
    end_date: dt.date | None = None,
    progress: Progress = lambda _: None,
    settle_seconds: float = SETTLE_SECONDS,
) -> IngestResult:
    """Land what lies in `inbox/<connector>/`.

    time_zone: of the business, an IANA name. end_date: the last day the data cover, if the people
    said so. now: the moment of extraction, with a time zone. progress: told in words which file
    is read, and every 100,000 rows how far it is. settle_seconds: how long
    a file must have stood still to be taken.

    A file that cannot be taken is told in the result and stays where it is. Raises MappingError,
    UnusableKeyError, LandingDamagedError, and BusyError while another process is at it.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    folder = inbox / connector.name
    if not folder.is_dir():
        return result_of(connector)
    place = Landing(landing)
    with exclusive(place.inbox_lock(connector.name), f"reading {folder}"):
        place.sweep()
        mapping = read_mapping(folder / FILE_NAME, connector)
        setting = Setting(connector, mapping, place, ZoneInfo(time_zone), end_date, now, progress)
        unpacked = folder / ".unpacked"
        if unpacked.exists():
            shutil.rmtree(unpacked)
        try:
            files = look(folder, settle_seconds=settle_seconds)
            return _Pass(setting, inbox).run(files, unpacked)
        finally:
            if unpacked.exists():
                shutil.rmtree(unpacked)


class _Pass:
    """One pass over the files of an inbox."""

    def __init__(self, setting: Setting, inbox: Path) -> None:
        self.setting, self.inbox = setting, inbox
        # By path, since two files of a zip may have one name.
        self.outcomes: dict[Path, FileOutcome] = {}
        self.order: list[Path | FileOutcome] = []
        self.loads: list[Manifest] = []
        self.open: Counter[Path] = Counter()

    def run(self, files: Sequence[Found], unpacked: Path) -> IngestResult:
        connector = self.setting.connector
        found: list[Candidate] = []
        for number, file in enumerate(files):
            work = unpacked / str(number)
            work.mkdir(mode=0o700, parents=True)
            for thing in candidates(file, connector, self.setting.mapping, work):
                if isinstance(thing, Candidate):
                    self.order.append(thing.path)
                    found.append(thing)
                    self.open[file.path] += 1
                else:
                    self.order.append(thing)
                    self.open[file.path] += thing.status not in _DONE
        for stream in connector.streams:
            self._stream(stream, [c for c in found if c.recognised.stream.name == stream.name])
        return result_of(connector, self._told(), self.loads)

    def _told(self) -> Iterator[FileOutcome]:
        """The outcomes known so far, in the order in which the files were found."""
        for place in self.order:
            if isinstance(place, FileOutcome):
                yield place
            elif place in self.outcomes:
                yield self.outcomes[place]

    def _stream(self, stream: Stream, files: Sequence[Candidate]) -> None:
        if not files:
            return
        known = self._known(stream)
        first: dict[str, Candidate] = {}
        for file in files:
            first.setdefault(file.fingerprint, file)
        one_of_each = list(first.values())
        for group in self._groups(stream, one_of_each, known):
            if blocked := self._blocked(stream, group):
                for file in group:
                    self._settle(file, held_back(stream, file.name, blocked))
                continue
            together = self._is_together(stream)
            manifest, outcomes = take(self.setting, stream, group, whole=together)
            if manifest is not None:
                self.loads.append(manifest)
            for file, outcome in zip(group, outcomes, strict=True):
                self._settle(file, outcome)
        for file in files:
            if file.path not in self.outcomes:
                self._settle(file, self._as_before(stream, file, first[file.fingerprint], known))

    def _known(self, stream: Stream) -> dict[str, str]:
        """The load of each fingerprint that is in force. Where a load replaces everything, only
        the newest one is: an older file that is put back is to be loaded again."""
        name = self.setting.connector.name
        known: dict[str, str] = {}
        for manifest in self.setting.landing.manifests(name, stream.name):
            for file in manifest.files:
                known.setdefault(file.fingerprint, manifest.load_id)
            if stream.mode == "full":
                break
        return known

    def _is_together(self, stream: Stream) -> bool:
        return stream.mode == "full" and self.setting.connector.keeps_files

    def _groups(
        self, stream: Stream, files: Sequence[Candidate], known: dict[str, str]
    ) -> Iterator[list[Candidate]]:
        """The loads to make. What is known already is archived before anything newer is landed."""
        if self._is_together(stream):
            if {file.fingerprint for file in files} != set(known):
                yield list(files)
            return
        fresh = [file for file in files if file.fingerprint not in known]
        for file in files:
            if file not in fresh:
                self._settle(file, self._as_before(stream, file, file, known))
        if stream.mode == "full":
            yield from ([file] for file in fresh)
        elif fresh:
            yield fresh

    def _blocked(self, stream: Stream, group: Sequence[Candidate]) -> str | None:
        """The names of files that belonged to the stream in its newest load and are in trouble
        now: without their rows, a load that replaces everything would lose them."""
        if not self._is_together(stream):
            return None
        newest = self.setting.landing.newest(self.setting.connector.name, stream.name)
        before = {file.name for file in newest.files} if newest else set()
        troubled = {o.name for o in self._told() if o.status in ("refused", "waiting")}
        return ", ".join(sorted(before & troubled)) or None

    def _as_before(
        self, stream: Stream, file: Candidate, first: Candidate, known: dict[str, str]
    ) -> FileOutcome:
        """The outcome of a file whose bytes are known, from an earlier run or from its twin."""
        twin = self.outcomes.get(first.path)
        if twin is not None and twin.status not in _DONE:
            return FileOutcome(file.name, twin.status, stream.name, reason=twin.reason)
        load_id = twin.load_id if twin is not None else known[file.fingerprint]
        reason = f"the same bytes are in load {load_id}"
        return FileOutcome(file.name, "unchanged", stream.name, reason=reason, load_id=load_id)

    def _settle(self, file: Candidate, outcome: FileOutcome) -> None:
        """Note what became of a file, and archive it when nothing of it is left to do."""
        self.outcomes[file.path] = outcome
        if outcome.status not in _DONE:
            return
        self.open[file.found.path] -= 1
        if self.open[file.found.path] == 0 and not self.setting.connector.keeps_files:
            if outcome.load_id is None:
                raise AssertionError(f"{file.name} is done without a load")
            archive(file.found, self.inbox, self.setting.connector.name, outcome.load_id)
