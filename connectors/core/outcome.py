"""What one pass over an inbox did, file by file and stream by stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from connectors.core.contract import Connector
from connectors.core.manifest import Counts, Manifest

Status = Literal["loaded", "unchanged", "refused", "waiting", "ignored"]


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file, or of one file in a zip (`export.zip/deals.csv`).

    status: `loaded`; `unchanged`, since the same bytes were loaded before; `refused`, until
        somebody does what `reason` says; `waiting`, since it is still being written; `ignored`, as
        `mapping.yaml` says.
    counts: of a loaded file; of no other file is a row landed.
    load_id: of the load that holds it, now or since before.
    notes: what a person should know although the file was taken.
    """

    name: str
    status: Status
    stream: str | None = None
    reason: str | None = None
    counts: Counts | None = None
    load_id: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> str | None:
        """Why it was refused, if it was."""
        return self.reason if self.status == "refused" else None

    @property
    def unchanged(self) -> bool:
        return self.status == "unchanged"

    @property
    def read(self) -> int:
        """The rows that were read of it in this pass."""
        return self.counts.read if self.counts else 0


@dataclass(frozen=True)
class PullOutcome:
    """What became of one stream of an API in a pull. `loads` in the order committed, none where
    there was no news; `failed` says why it was not read to its end, `left_out` why an optional
    stream is not there for this account, `notices` what of it these credentials may not see."""

    stream: str
    loads: tuple[Manifest, ...] = ()
    requests: int = 0
    retries: int = 0
    failed: str | None = None
    left_out: str | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamResult:
    """What became of one stream in a pass. load_id: of its newest load, or None where nothing was
    landed. counts: read, loaded, rejected, duplicate and left_out rows of its loads together."""

    stream: str
    load_id: str | None
    counts: dict[str, int]


@dataclass(frozen=True)
class IngestResult:
    """All of one pass: `files` in the order they were found, `loads` in the order committed,
    `streams` all that the connector has."""

    connector: str
    files: tuple[FileOutcome, ...] = ()
    loads: tuple[Manifest, ...] = ()
    streams: dict[str, StreamResult] = field(default_factory=dict)

    def with_status(self, status: Status) -> tuple[FileOutcome, ...]:
        """The files of which this became."""
        return tuple(f for f in self.files if f.status == status)

    @property
    def refused(self) -> tuple[FileOutcome, ...]:
        return self.with_status("refused")

    @property
    def waiting(self) -> tuple[FileOutcome, ...]:
        return self.with_status("waiting")

    def loads_of(self, stream: str) -> tuple[Manifest, ...]:
        """The loads that this pass made of a stream."""
        return tuple(load for load in self.loads if load.stream == stream)


def result_of(
    connector: Connector, files: Iterable[FileOutcome] = (), loads: Sequence[Manifest] = ()
) -> IngestResult:
    """The result of a pass, its streams added up."""
    streams = {}
    for stream in connector.streams:
        own = [load for load in loads if load.stream == stream.name]
        counts = dict.fromkeys(("read", "loaded", "rejected", "duplicate", "left_out"), 0)
        for load in own:
            for name, rows in asdict(load.counts).items():
                counts[name] += rows
        streams[stream.name] = StreamResult(stream.name, own[-1].load_id if own else None, counts)
    return IngestResult(connector.name, tuple(files), tuple(loads), streams)
