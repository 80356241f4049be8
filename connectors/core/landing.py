"""The landing: loads of one stream, committed by one rename, described by their manifest.

    landing/<connector>/<stream>/load=<load_id>/part-00000.parquet, manifest.json

A load is written in `landing/.incoming/` and gets its name when it is whole; what has no such name
does not exist. Every part has the same columns: record (JSON), record_id, updated_at (UTC),
is_deleted, extracted_at (UTC), load_id.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.failpoints import failpoint

MANIFEST_VERSION = 1


class LandingError(RuntimeError):
    """A load cannot be landed; the text says which and why."""


def loads(landing: Path, connector: str, stream: str) -> list[Path]:
    """The committed loads of a stream, oldest first."""
    return sorted((landing / connector / stream).glob("load=*"))


def manifests(landing: Path, connector: str, stream: str) -> list[dict[str, Any]]:
    """The manifests of the committed loads, oldest first."""
    return [
        json.loads((load / "manifest.json").read_text(encoding="utf-8"))
        for load in loads(landing, connector, stream)
    ]


@contextlib.contextmanager
def writing(landing: Path, connector: str, stream: str) -> Iterator[None]:
    """Only one writer of a stream at a time; the lock dies with its process."""
    file = landing / ".locks" / f"{connector}.{stream}"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(landing, connector, stream)
        yield


def sweep(landing: Path, connector: str, stream: str) -> None:
    """Remove what an interrupted load of this stream left behind."""
    for leftover in (landing / ".incoming").glob(f"{connector}.{stream}.*"):
        shutil.rmtree(leftover)


def next_load_id(landing: Path, connector: str, stream: str, now: dt.datetime) -> str:
    """A load id after every committed one, even when the clock went back. `now` is UTC."""
    pattern = "%Y%m%dT%H%M%S%fZ"
    wanted = now.astimezone(dt.UTC)
    if known := loads(landing, connector, stream):
        newest = known[-1].name.removeprefix("load=")
        last = dt.datetime.strptime(newest, pattern).replace(tzinfo=dt.UTC)
        wanted = max(wanted, last + dt.timedelta(microseconds=1))
    return wanted.strftime(pattern)


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def commit(
    landing: Path,
    manifest: dict[str, Any],
    connection: duckdb.DuckDBPyConnection,
    records: str,
    rejects: str,
) -> Path:
    """Write the rows of two relations as one load and commit it. The caller holds `writing`.

    Raises LandingError when the counts of the manifest do not add up.
    """
    counts = manifest["counts"]
    if counts["read"] != counts["loaded"] + counts["rejected"] + counts["duplicate"]:
        raise LandingError(
            f"{manifest['connector']}.{manifest['stream']}: rows are missing: {counts}"
        )
    name = f"{manifest['connector']}.{manifest['stream']}"
    folder = landing / ".incoming" / f"{name}.{manifest['load_id']}"
    folder.mkdir(parents=True)
    files = {"part-00000.parquet": records}
    if counts["rejected"]:
        files["rejects-00000.parquet"] = rejects
    parts = []
    for file_name, relation in files.items():
        file = folder / file_name
        target = str(file).replace("'", "''")
        connection.execute(f"copy (select * from {relation}) to '{target}' (format parquet)")
        sync(file)
        content = file.read_bytes()
        rows = counts["loaded"] if relation == records else counts["rejected"]
        digest = hashlib.sha256(content).hexdigest()
        parts.append({"name": file_name, "rows": rows, "bytes": len(content), "sha256": digest})
    failpoint("landing.before_manifest")
    text = json.dumps({**manifest, "parts": parts}, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    sync(folder / "manifest.json")
    sync(folder)
    final: Path = (
        landing / manifest["connector"] / manifest["stream"] / f"load={manifest['load_id']}"
    )
    final.parent.mkdir(parents=True, exist_ok=True)
    failpoint("landing.before_commit")
    folder.rename(final)
    sync(final.parent)
    failpoint("landing.after_commit")
    return final
