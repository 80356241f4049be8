"""Reads the rows of recognised files into one load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connectors.core.candidates import Candidate
from connectors.core.contract import Connector, Stream
from connectors.core.errors import ShrinkError
from connectors.core.files import FileRefused, Row
from connectors.core.landing import Landing
from connectors.core.load import Load, Reach, begin_load
from connectors.core.manifest import Counts, Manifest
from connectors.core.mapping import Mapping
from connectors.core.outcome import FileOutcome
from connectors.core.rows import Rejected, RowReader
from connectors.core.watermark import Watermark, covers_until

Progress = Callable[[str], None]
ROWS_BETWEEN_PROGRESS = 100_000


@dataclass(frozen=True)
class Setting:
    """What holds for all files of one pass. `now` has a time zone; `zone` is the business's."""

    connector: Connector
    mapping: Mapping
    landing: Landing
    zone: ZoneInfo
    end_date: dt.date | None
    now: dt.datetime
    progress: Progress


def take(
    setting: Setting, stream: Stream, files: Sequence[Candidate], *, whole: bool
) -> tuple[Manifest | None, list[FileOutcome]]:
    """Land files of a stream as one load; the outcome of each, in order.

    whole: whether they only mean something together, so that one that cannot be read holds back
        the others. No manifest where nothing was landed.
    """
    with begin_load(setting.landing, setting.connector, stream, now=setting.now) as load:
        marks = [Watermark(stream, setting.zone, setting.now) for _ in files]
        troubles: dict[int, FileOutcome] = {}
        notes: list[tuple[str, ...]] = []
        for number, (file, mark) in enumerate(zip(files, marks, strict=True)):
            load.open_source(file.name, file.fingerprint, file.sha256, file.bytes)
            try:
                notes.append(_read(setting, file, load, number, mark))
            except FileRefused as error:
                notes.append(())
                troubles[number] = FileOutcome(
                    file.name, "refused", stream.name, reason=error.reason
                )
            if not file.found.is_as_found():
                reason = "was written to while it was read; it is taken by the next run"
                troubles[number] = FileOutcome(file.name, "waiting", stream.name, reason=reason)
            if number in troubles:
                load.leave_out(number)
        if len(troubles) == len(files) or (whole and troubles):
            return None, _held_back(stream, files, troubles)
        taken = [mark for number, mark in enumerate(marks) if number not in troubles]
        try:
            manifest = load.commit(
                _reach(setting, stream, load.previous, taken),
                guard=setting.mapping.guard(stream.name),
            )
        except ShrinkError as error:
            return None, [
                troubles.get(n) or FileOutcome(file.name, "refused", stream.name, reason=str(error))
                for n, file in enumerate(files)
            ]
    landed = iter(manifest.files)
    outcomes = []
    for number, file in enumerate(files):
        if number in troubles:
            outcomes.append(troubles[number])
            continue
        entry = next(landed)
        counts = Counts(entry.read, entry.loaded, entry.rejected, entry.duplicate, entry.left_out)
        outcomes.append(
            FileOutcome(
                file.name,
                "loaded",
                stream.name,
                counts=counts,
                load_id=manifest.load_id,
                notes=notes[number],
            )
        )
    return manifest, outcomes


def _read(
    setting: Setting, file: Candidate, load: Load, number: int, mark: Watermark
) -> tuple[str, ...]:
    """Raises FileRefused where the file turns out to be broken further on."""
    way = file.way
    stream = load.stream
    reader = RowReader(file.recognised, way.format, setting.mapping.stream(stream.name))
    names = [field.name for field in stream.fields]
    deleted_at = None if stream.deleted is None else names.index(stream.deleted)
    rows = 0
    shown = f"{setting.connector.name}: reading {file.name}"
    setting.progress(shown)
    with way.open(file.path) as table:
        for some in table.blocks():
            before = rows // ROWS_BETWEEN_PROGRESS
            rows += 1 if isinstance(some, Row) else len(some.numbers)
            if rows // ROWS_BETWEEN_PROGRESS > before:
                setting.progress(f"{shown}: {rows:,} rows")
            if isinstance(some, Row):
                _read_row(some, reader, load, number, mark, deleted_at)
                continue
            for part, columns in reader.read_blocks(some):
                if columns is None:
                    for row in part.rows():
                        _read_row(row, reader, load, number, mark, deleted_at)
                    continue
                gone = [False] * len(part.numbers)
                if deleted_at is not None:
                    gone = [text == "true" for text in columns[deleted_at]]
                load.extend(columns, number, part.numbers, gone)
                if mark.at is not None:
                    mark.see(*columns[mark.at])
        return tuple(table.notes)


def _read_row(
    row: Row, reader: RowReader, load: Load, number: int, mark: Watermark, deleted_at: int | None
) -> None:
    if row.left_out is not None:
        load.pass_over(number)
        return
    told = reader.read(row)
    if isinstance(told, Rejected):
        load.reject(number, row.number, told.field, told.value, told.reason, told.record)
        return
    is_deleted = deleted_at is not None and told[deleted_at] == "true"
    load.add(told, number, row.number, is_deleted)
    if mark.at is not None:
        mark.see(told[mark.at])


def _reach(
    setting: Setting, stream: Stream, previous: Manifest | None, marks: Sequence[Watermark]
) -> Reach:
    newest = max((mark.newest for mark in marks if mark.newest is not None), default=None)
    before = previous.cursor_after if previous else None
    return Reach(
        cursor_after=max((c for c in (newest, before) if c is not None), default=None),
        window_from=min((mark.oldest for mark in marks if mark.oldest is not None), default=None),
        window_until=newest,
        covers_until=covers_until(
            stream,
            newest,
            previous=previous.covers_until if previous else None,
            end_date=setting.end_date,
            zone=setting.zone,
            now=setting.now,
        ),
    )


def _held_back(
    stream: Stream, files: Sequence[Candidate], troubles: dict[int, FileOutcome]
) -> list[FileOutcome]:
    culprits = ", ".join(outcome.name for outcome in troubles.values())
    return [
        troubles.get(number) or held_back(stream, file.name, culprits)
        for number, file in enumerate(files)
    ]


def held_back(stream: Stream, name: str, culprits: str) -> FileOutcome:
    """The outcome of a file that is fine, but is only half of what replaces everything."""
    reason = (
        f"is held back: together with {culprits}, which cannot be taken now, it holds all there "
        f"is of {stream.name}"
    )
    return FileOutcome(name, "refused", stream.name, reason=reason)
