"""The manifest of a committed load: what is in it, where it came from, how far it reaches.

It stands in the load's folder as `manifest.json`. The cursor of the next run is read from the
newest one; there is no second place that could disagree.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from connectors.core.durable import write_text
from connectors.core.errors import LandingDamagedError

FILE_NAME = "manifest.json"
VERSION = 1


@dataclass(frozen=True)
class Counts:
    """Rows: every one read is loaded, rejected, a duplicate, or left out because it is no record
    (a total), as the mapping says."""

    read: int
    loaded: int
    rejected: int
    duplicate: int
    left_out: int = 0

    def __post_init__(self) -> None:
        if self.read != self.loaded + self.rejected + self.duplicate + self.left_out:
            raise AssertionError(f"rows do not add up: {self}")


@dataclass(frozen=True)
class SourceFile:
    """An export file that a load was made from, with its share of the counts.

    fingerprint: of its bytes and of how they were read; the same one again is nothing new.
    """

    name: str
    fingerprint: str
    sha256: str
    bytes: int
    read: int
    loaded: int
    rejected: int
    duplicate: int
    left_out: int = 0


@dataclass(frozen=True)
class Part:
    """A Parquet file of landed records."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """See the module. Times are UTC, ISO 8601.

    cursor_before, cursor_after: the newest value of the activity or update field that was landed,
        before and with this load.
    window_from, window_until: the oldest and newest such value in this load.
    covers_until: the last business date (`YYYY-MM-DD`) that the stream covers whole, or None.
    bytes: of the Parquet files together.
    key_id: of the key that replaced the personal fields; None for a stream without any.
    mode: of a load from an API, `full` where everything was read, also of an incremental stream.
    origin: what it was made from: export files or an API.
    position: where an API's list goes on, when this load holds only its first part; JSON.
    account: what tells the API's account from another; nothing secret.
    missing: how many of the rows read are tombstones of records that the source no longer lists.
    """

    connector: str
    stream: str
    load_id: str
    mode: Literal["incremental", "full", "window"]
    cursor_before: str | None
    cursor_after: str | None
    window_from: str | None
    window_until: str | None
    covers_until: str | None
    started_at: str
    committed_at: str
    counts: Counts
    bytes: int
    files: tuple[SourceFile, ...]
    parts: tuple[Part, ...]
    requests: int
    retries: int
    connector_version: int
    api_version: str | None
    key_id: str | None
    origin: Literal["file", "api"] = "file"
    position: str | None = None
    account: str | None = None
    missing: int = 0

    def to_json(self) -> str:
        content = {"manifest_version": VERSION, **asdict(self)}
        content["window"] = {
            "from": content.pop("window_from"),
            "until": content.pop("window_until"),
        }
        return json.dumps(content, ensure_ascii=False, indent=1)

    def write(self, folder: Path) -> None:
        """Write it into a load's folder, durably."""
        write_text(folder / FILE_NAME, self.to_json())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a committed load's folder. Raises LandingDamagedError."""
    file = folder / FILE_NAME
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if (version := content.pop("manifest_version")) != VERSION:
            raise LandingDamagedError(
                f"{file} has version {version}; this Koers reads version {VERSION}. "
                "Use the Koers that wrote it, or a newer one."
            )
        window = content.pop("window")
        content |= {"window_from": window["from"], "window_until": window["until"]}
        content["counts"] = Counts(**content["counts"])
        content["files"] = tuple(SourceFile(**f) for f in content["files"])
        content["parts"] = tuple(Part(**p) for p in content["parts"])
        return Manifest(**content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LandingDamagedError(
            f"{file} cannot be read ({type(error).__name__}: {error}). A committed load always has "
            f"one: restore it from a backup, or move {folder} away and load its files again."
        ) from error
