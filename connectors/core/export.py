"""From the inbox to the landing: export files are read, checked, minimised and landed.

Of every row that is read it is known what became of it: loaded, rejected with a reason, or a
duplicate. A file that cannot be read as a whole stays in the inbox, and says why.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from connectors.core import landing as land
from connectors.core.contract import Connector, Field, Stream
from connectors.core.failpoints import failpoint
from connectors.core.files import CellError, FileRefused, Row, Table, open_table, parse_cell
from connectors.core.mapping import Mapping, MappingError, StreamMapping, read_mapping
from connectors.core.privacy import key_id, load_key, pseudonym

BATCH = 10_000
READABLE = {".csv", ".txt", ".xlsx", ".json"}
ROWS = ("seq", "source_file", "row_number", "record", "record_id", "updated_at")
REJECTS = ("source_file", "row_number", "field", "value", "reason", "record")


@dataclass
class FileResult:
    """What became of one file. stream is None when it could not be told."""

    name: str
    stream: str | None = None
    read: int = 0
    refused: str | None = None
    unchanged: bool = False


@dataclass
class StreamResult:
    """What became of one stream in this pass: the load it made, if any."""

    stream: str
    load_id: str | None = None
    counts: dict[str, int] = field(
        default_factory=lambda: {"read": 0, "loaded": 0, "rejected": 0, "duplicate": 0}
    )


@dataclass
class IngestResult:
    """What one pass over the inbox of one connector did."""

    connector: str
    streams: dict[str, StreamResult]
    files: list[FileResult]


class UnusableKeyError(land.LandingError):
    """The landing was made with another pseudonym key."""


def _normal(heading: str) -> str:
    return " ".join(heading.replace("\u00a0", " ").split()).casefold()


def _columns(headings: list[str], stream: Stream, mapping: StreamMapping) -> dict[str, int]:
    """Field to column, for the fields that the headings hold."""
    wanted: dict[str, str] = {}
    for declared in stream.fields:
        for alias in (declared.name, *declared.headings):
            wanted.setdefault(_normal(alias), declared.name)
    wanted.update({_normal(heading): name for heading, name in mapping.headings.items()})
    found: dict[str, int] = {}
    for position, heading in enumerate(headings):
        name = wanted.get(_normal(heading))
        if name is not None:
            if name in found:
                raise FileRefused(
                    Path(heading), f"two headings mean the field {name!r}: map one of them away"
                )
            found[name] = position
    return found


def recognise(
    path: Path, headings: list[str], connector: Connector, mapping: Mapping
) -> tuple[Stream, dict[str, int]]:
    """The stream a file holds, and its columns. Raises FileRefused when none or several fit."""
    fits: list[tuple[int, Stream, dict[str, int]]] = []
    near: list[str] = []
    for stream in connector.streams:
        own = mapping.streams.get(stream.name, StreamMapping())
        named = any(fnmatch.fnmatch(path.name, pattern) for pattern in own.files)
        columns = _columns(headings, stream, own)
        missing = [f.name for f in stream.fields if f.required and f.name not in columns]
        if missing:
            near.append(f"{stream.name} (no heading for: {', '.join(missing)})")
            if named:
                raise FileRefused(
                    path, f"mapped to {near[-1]}; the file has: {', '.join(headings)}"
                )
        elif named:
            return stream, columns
        else:
            fits.append((len(columns), stream, columns))
    fits.sort(key=lambda fit: -fit[0])
    if not fits:
        raise FileRefused(
            path,
            f"its headings are of no stream of {connector.name}: {'; '.join(near)}. "
            "Map them in mapping.yaml, or list the file under ignore.",
        )
    if len(fits) > 1 and fits[0][0] == fits[1][0]:
        raise FileRefused(
            path,
            f"it could be {fits[0][1].name} or {fits[1][1].name}: say which in mapping.yaml",
        )
    return fits[0][1], fits[0][2]


class _Pass:
    """The rows of one stream in one pass, kept in a database in memory until they are landed."""

    def __init__(self, stream: Stream, mapping: Mapping, key: bytes) -> None:
        self.stream = stream
        self.values = mapping.streams.get(stream.name, StreamMapping()).values
        self.format = mapping.file_format
        self.key = key
        self.db = duckdb.connect()
        self.db.execute(
            "create table rows (seq bigint, source_file varchar, row_number bigint,"
            " record varchar, record_id varchar, updated_at timestamp)"
        )
        self.db.execute(
            "create table rejects (source_file varchar, row_number bigint, field varchar,"
            " value varchar, reason varchar, record varchar)"
        )
        self.read = 0
        self.newest: str | None = None
        self.files: list[dict[str, Any]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._rejects: list[tuple[Any, ...]] = []

    def add(self, path: Path, table: Table, columns: dict[str, int], fingerprint: str) -> int:
        """Take in one file; returns its number of rows. Raises FileRefused, taking nothing in."""
        before = self.read
        for row in table:
            self.read += 1
            self._take(path.name, row, columns)
            if len(self._rows) + len(self._rejects) >= BATCH:
                self.flush()
        self.flush()
        self.files.append(
            {
                "name": path.name,
                "fingerprint": fingerprint,
                "bytes": path.stat().st_size,
                "read": self.read - before,
            }
        )
        return self.read - before

    def drop(self, name: str, read_before: int) -> None:
        """Forget the rows of a file that turned out to be unreadable further on."""
        self._rows.clear()
        self._rejects.clear()
        self.db.execute("delete from rows where source_file = ?", [name])
        self.db.execute("delete from rejects where source_file = ?", [name])
        self.read = read_before

    def _reject(
        self, name: str, row: Row, columns: dict[str, int], reason: str, what: Field | None
    ) -> None:
        personal = {f.name for f in self.stream.fields if f.personal}
        raw = {
            field_name: str(row.cells[at])
            for field_name, at in columns.items()
            if field_name not in personal and at < len(row.cells) and row.cells[at] is not None
        }
        value = None if what is None or what.personal else raw.get(what.name)
        if what is not None and what.personal:
            reason = f"{what.name} cannot be read"
        self._rejects.append(
            (name, row.number, what.name if what else None, value, reason, json.dumps(raw))
        )

    def _take(self, name: str, row: Row, columns: dict[str, int]) -> None:
        if row.problem:
            self._reject(name, row, columns, row.problem, None)
            return
        record: dict[str, str | None] = {}
        for declared in self.stream.fields:
            at = columns.get(declared.name)
            cell = row.cells[at] if at is not None else None
            if (words := self.values.get(declared.name)) and str(cell) in words:
                cell = words[str(cell)]
            try:
                text = parse_cell(cell, declared.type, self.format)
            except CellError as error:
                self._reject(name, row, columns, str(error), declared)
                return
            if text is None and declared.required:
                self._reject(name, row, columns, f"{declared.name} is empty", declared)
                return
            if text is not None and declared.personal:
                text = pseudonym(self.key, text)
            record[declared.name] = text
        updated = record.get(self.stream.updated_at) if self.stream.updated_at else None
        if self.stream.activity and (active := record.get(self.stream.activity)):
            self.newest = max(self.newest or active, active)
        self._rows.append(
            (
                self.read,
                name,
                row.number,
                json.dumps(record, ensure_ascii=False),
                "|".join(record[part] or "" for part in self.stream.key),
                updated,
            )
        )

    def flush(self) -> None:
        """Move what was read into the database."""
        for table, names, batch in (
            ("rows", ROWS, self._rows),
            ("rejects", REJECTS, self._rejects),
        ):
            if batch:
                frame = pd.DataFrame(batch, columns=list(names))
                self.db.register("batch", frame)
                casts = "* replace (cast(updated_at as timestamp) as updated_at)"
                self.db.execute(
                    f"insert into {table} select {casts if table == 'rows' else '*'} from batch"
                )
                self.db.unregister("batch")
                batch.clear()

    def settle(self, load_id: str, extracted_at: dt.datetime) -> dict[str, int]:
        """Decide which version of every record stays; makes the relations `parts` and `refused`."""
        self.db.execute(
            "create table ranked as select *,"
            " row_number() over newest as place,"
            " first_value(record) over newest as kept,"
            " first_value(updated_at) over newest as kept_at,"
            " first_value(row_number) over newest as kept_row"
            " from rows"
            " window newest as ("
            "partition by record_id order by updated_at desc nulls last, seq desc)"
        )
        clash = "place > 1 and record <> kept and updated_at is not distinct from kept_at"
        self.db.execute(
            "insert into rejects select source_file, row_number, null, null,"
            " 'row ' || kept_row || ' gives other values for the same record; the later is kept',"
            f" null from ranked where {clash}"
        )
        stamp = extracted_at.astimezone(dt.UTC).replace(tzinfo=None)
        self.db.execute(
            "create table parts as select record, record_id, updated_at, false as is_deleted,"
            " cast(? as timestamp) as extracted_at, cast(? as varchar) as load_id"
            " from ranked where place = 1 order by seq",
            [stamp, load_id],
        )
        self.db.execute(
            "create table refused as select *, cast(? as varchar) as load_id,"
            " cast(? as timestamp) as extracted_at from rejects",
            [load_id, stamp],
        )
        count = self.db.execute(
            "select (select count(*) from parts), (select count(*) from refused),"
            f" (select count(*) from ranked where place > 1 and not ({clash}))"
        ).fetchone()
        loaded, rejected, duplicate = count or (0, 0, 0)
        return {
            "read": self.read,
            "loaded": loaded,
            "rejected": rejected,
            "duplicate": duplicate,
        }


def _fingerprint(path: Path, mapping: Mapping, connector: Connector) -> str:
    digest = hashlib.sha256(path.read_bytes())
    digest.update(json.dumps(asdict(mapping), sort_keys=True, default=str).encode())
    digest.update(str(connector.version).encode())
    return digest.hexdigest()


def _covers_until(
    newest: str | None, now: dt.datetime, zone: ZoneInfo, end_date: dt.date | None
) -> str | None:
    if newest is None:
        return None
    yesterday = now.astimezone(zone).date() - dt.timedelta(days=1)
    if end_date:
        return min(end_date, yesterday).isoformat()
    if len(newest) == 10:
        day = dt.date.fromisoformat(newest)
    else:
        day = dt.datetime.fromisoformat(newest).astimezone(zone).date()
    return min(day, yesterday).isoformat()


def ingest_inbox(
    connector: Connector,
    inbox: Path,
    landing: Path,
    *,
    now: dt.datetime,
    time_zone: str = "Europe/Amsterdam",
    end_date: dt.date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestResult:
    """Land what lies in `inbox/<connector>/`. `now` is aware; dates are of `time_zone`.

    A file that was landed before, with the same mapping, changes nothing. Raises MappingError for a
    wrong mapping, UnusableKeyError when the landing was made with another key; a file that cannot
    be read is named in the result.
    """
    folder = inbox / connector.name
    result = IngestResult(
        connector.name, {s.name: StreamResult(s.name) for s in connector.streams}, []
    )
    if not folder.is_dir():
        return result
    mapping = read_mapping(folder, connector)
    key = load_key()
    passes: dict[str, _Pass] = {}
    taken: dict[str, list[Path]] = {}
    known = {s.name: land.manifests(landing, connector.name, s.name) for s in connector.streams}
    for manifest in (m for of_stream in known.values() for m in of_stream):
        if manifest["key_id"] != key_id(key):
            raise UnusableKeyError(
                f"{landing} has another key (id {manifest['key_id']}): put that pseudonym "
                "key back, since contacts would no longer join."
            )
    for path in sorted(folder.iterdir()):
        if (
            path.name == "mapping.yaml"
            or path.name.startswith(".")
            or any(fnmatch.fnmatch(path.name, pattern) for pattern in mapping.ignore)
        ):
            continue
        seen = FileResult(path.name)
        result.files.append(seen)
        if path.suffix.lower() not in READABLE or path.is_symlink() or not path.is_file():
            seen.refused = "only regular .csv, .txt, .xlsx and .json files are read"
            continue
        progress(f"{connector.name}: reading {path.name}")
        current: _Pass | None = None
        before = 0
        try:
            fingerprint = _fingerprint(path, mapping, connector)
            with open_table(path, mapping.file_format) as table:
                stream, columns = recognise(path, table.headings, connector, mapping)
                seen.stream = stream.name
                earlier = known[stream.name][-1:] if stream.mode == "full" else known[stream.name]
                if any(f["fingerprint"] == fingerprint for m in earlier for f in m["files"]):
                    seen.unchanged = True
                    _archive(connector, inbox, path, "unchanged")
                    continue
                if stream.name not in passes:
                    passes[stream.name] = _Pass(stream, mapping, key)
                current = passes[stream.name]
                before = current.read
                seen.read = current.add(path, table, columns, fingerprint)
                taken.setdefault(stream.name, []).append(path)
        except FileRefused as refused:
            seen.refused = str(refused)
            if current is not None:
                current.drop(path.name, before)
    for name, current in passes.items():
        if not current.files:
            continue
        with land.writing(landing, connector.name, name):
            load_id = land.next_load_id(landing, connector.name, name, now)
            counts = current.settle(load_id, now)
            previous = known[name][-1] if known[name] else None
            zone = ZoneInfo(time_zone)
            land.commit(
                landing,
                {
                    "manifest_version": land.MANIFEST_VERSION,
                    "connector": connector.name,
                    "stream": name,
                    "load_id": load_id,
                    "mode": current.stream.mode,
                    "cursor_before": previous["cursor_after"] if previous else None,
                    "cursor_after": current.newest,
                    "window": {"from": None, "until": current.newest},
                    "covers_until": _covers_until(current.newest, now, zone, end_date),
                    "started_at": now.astimezone(dt.UTC).isoformat(),
                    "committed_at": now.astimezone(dt.UTC).isoformat(),
                    "counts": counts,
                    "bytes": sum(f["bytes"] for f in current.files),
                    "files": current.files,
                    "requests": 0,
                    "retries": 0,
                    "connector_version": connector.version,
                    "api_version": None,
                    "key_id": key_id(key),
                },
                current.db,
                "parts",
                "refused",
            )
        current.db.close()
        result.streams[name].load_id = load_id
        result.streams[name].counts = counts
        failpoint("inbox.before_archive")
        for path in taken[name]:
            _archive(connector, inbox, path, load_id)
    return result


def _archive(connector: Connector, inbox: Path, path: Path, load_id: str) -> None:
    """Move a file that was read out of the way; where people edit it, it stays."""
    if connector.keeps_files:
        return
    archive = inbox / "archive" / connector.name
    archive.mkdir(parents=True, exist_ok=True)
    shutil.move(path, archive / f"{load_id}__{path.name}")


__all__ = [
    "FileResult",
    "IngestResult",
    "MappingError",
    "StreamResult",
    "UnusableKeyError",
    "ingest_inbox",
    "recognise",
]
