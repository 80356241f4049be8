"""Changes committed loads: to erase a person, to give other pseudonyms, to drop what is too old.

Nothing else changes a load. Each part is made anew beside itself and takes the old one's place by
one rename, the manifest last; what was changed already stays as it is when the same change is made
again. So a kill at any moment costs nothing: make the change again. Parts keep their names, which
the warehouse remembers. Who calls keeps other writers out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from connectors.core.durable import sha256, sync
from connectors.core.failpoints import failpoint
from connectors.core.manifest import (
    FILE_NAME,
    Counts,
    Manifest,
    Part,
    SourceFile,
    read_manifest,
)

REJECTS = "rejects-00000.parquet"
_REJECT_TEXTS = ("source_file", "field", "value", "reason", "record")
_ROWS = """
    select file_row_number, record, record_id, is_deleted
    from read_parquet($file, file_row_number = true)
    where {where}
    order by file_row_number
"""
_COPY = """
    copy (
        select
            coalesce(changed.record, landed.record) as record,
            coalesce(changed.record_id, landed.record_id) as record_id,
            landed.updated_at, landed.is_deleted, landed.extracted_at, landed.load_id
        from read_parquet('{file}', file_row_number = true) as landed
        left join changed on landed.file_row_number = changed.row
        where not coalesce(changed.is_dropped, false)
        order by landed.file_row_number
    ) to '{target}' (format parquet, compression zstd)
"""


@dataclass(frozen=True)
class Landed:
    """A landed row. `record` is JSON."""

    record: str
    record_id: str
    is_deleted: bool


Change = Callable[[Landed], tuple[str, str] | None]
"""The record and the id that a row is to have; None where it is to go."""


def _same(text: str) -> str:
    return text


@dataclass(frozen=True)
class LoadChange:
    """What to do with a load.

    where: SQL over record and record_id: the rows that may have to change; `values` are bound in
    it. row: see `Change`. text: for the texts of rejected rows and of the manifest. key_id: of the
    key whose pseudonyms the load has afterwards; None: as before.
    """

    where: str
    row: Change
    values: Mapping[str, object] = field(default_factory=dict)
    text: Callable[[str], str] = _same
    key_id: str | None = None
    once: bool = False
    """Whether changing a row again would spoil it. A part whose checksum is not that of the
    manifest was changed already, by a process that was killed before it wrote the manifest."""


@dataclass(frozen=True)
class Changed:
    """How many rows were changed, how many went, and how many rejected rows were changed."""

    rows: int = 0
    dropped: int = 0
    rejects: int = 0

    def __add__(self, other: Changed) -> Changed:
        return Changed(
            self.rows + other.rows, self.dropped + other.dropped, self.rejects + other.rejects
        )


def change_load(db: duckdb.DuckDBPyConnection, folder: Path, change: LoadChange) -> Changed:
    """Change a committed load; `db` is one of `spool.connect`. Raises LandingDamagedError for one
    without a good manifest."""
    manifest = read_manifest(folder)
    for draft in folder.glob("*.draft"):
        draft.unlink()
    done = Changed()
    parts: list[Part] = []
    for part in manifest.parts:
        file = folder / part.name
        if change.once and sha256(file) != part.sha256:
            of_part = Changed(rows=part.rows)
        else:
            of_part = _change_part(db, file, change)
        done += of_part
        parts.append(_measured(db, folder / part.name, part, of_part))
    done += _change_rejects(db, folder / REJECTS, change.text)
    # By the rows there are, not by those that went just now: an earlier try may have been killed.
    gone = manifest.counts.loaded - sum(part.rows for part in parts)
    new = replace(
        manifest,
        parts=tuple(parts),
        counts=_less(manifest.counts, gone),
        bytes=sum(part.bytes for part in parts) + _size(folder / REJECTS),
        files=tuple(
            replace(file, name=change.text(file.name))
            for file in _less_of_each(manifest.files, gone)
        ),
        key_id=change.key_id if change.key_id and manifest.key_id else manifest.key_id,
    )
    if new != manifest:
        failpoint("rewriting.before_manifest")
        put_manifest(folder, new)
    return done


def put_manifest(folder: Path, manifest: Manifest) -> None:
    """Give a committed load another manifest, in one step."""
    draft = folder / f"{FILE_NAME}.draft"
    draft.write_text(manifest.to_json(), encoding="utf-8")
    sync(draft)
    os.replace(draft, folder / FILE_NAME)  # noqa: PTH105 - says that it replaces
    sync(folder)


def _change_part(db: duckdb.DuckDBPyConnection, file: Path, change: LoadChange) -> Changed:
    rows = db.execute(
        _ROWS.format(where=change.where), {**dict(change.values), "file": str(file)}
    ).fetchall()
    changed: list[tuple[int, str | None, str | None, bool]] = []
    for row, record, record_id, is_deleted in rows:
        new = change.row(Landed(record, record_id, bool(is_deleted)))
        if new is None:
            changed.append((row, None, None, True))
        elif new != (record, record_id):
            changed.append((row, *new, False))
    if not changed:
        return Changed()
    db.execute(
        "create or replace temp table changed as select unnest($row::bigint[]) as row, "
        "unnest($record::varchar[]) as record, unnest($id::varchar[]) as record_id, "
        "unnest($dropped::boolean[]) as is_dropped",
        dict(zip(("row", "record", "id", "dropped"), map(list, zip(*changed, strict=True)),
                 strict=True)),
    )  # fmt: skip
    _put(db, _COPY, file)
    dropped = sum(is_dropped for *_, is_dropped in changed)
    return Changed(len(changed) - dropped, dropped)


def _put(db: duckdb.DuckDBPyConnection, copy: str, file: Path) -> None:
    draft = file.with_suffix(".draft")
    db.execute(copy.format(file=_quoted(file), target=_quoted(draft)))
    sync(draft)
    failpoint("rewriting.before_part")
    draft.replace(file)
    sync(file.parent)
    failpoint("rewriting.after_part")


def _measured(db: duckdb.DuckDBPyConnection, file: Path, part: Part, of_part: Changed) -> Part:
    """What the manifest says of a part; measured again only where its bytes are others."""
    if of_part == Changed() and file.stat().st_size == part.bytes and sha256(file) == part.sha256:
        return part
    row = db.execute(
        "select num_rows from parquet_file_metadata($file)", {"file": str(file)}
    ).fetchone()
    if row is None:
        raise AssertionError(f"{file.name} has no metadata")
    return Part(part.name, int(row[0]), file.stat().st_size, sha256(file))


def _change_rejects(
    db: duckdb.DuckDBPyConnection, file: Path, text: Callable[[str], str]
) -> Changed:
    if text is _same or not file.exists():
        return Changed()
    rows = db.execute(
        f"select file_row_number, {', '.join(_REJECT_TEXTS)} from "
        "read_parquet($file, file_row_number = true)",
        {"file": str(file)},
    ).fetchall()
    changed = []
    for row, *before in rows:
        new = [None if each is None else text(each) for each in before]
        if new != before:
            changed.append((row, *new))
    if not changed:
        return Changed()
    texts = [f"unnest(?::varchar[]) as {name}" for name in _REJECT_TEXTS]
    lists = ", ".join(["unnest(?::bigint[]) as row", *texts])
    db.execute(
        f"create or replace temp table changed as select {lists}",
        [list(each) for each in zip(*changed, strict=True)],
    )
    replaced = ", ".join(
        f"case when changed.row is null then t.{name} else changed.{name} end as {name}"
        for name in _REJECT_TEXTS
    )
    _put(
        db,
        f"copy (select t.* exclude (file_row_number) replace ({replaced}) from "
        "read_parquet('{file}', file_row_number = true) as t left join changed on "
        "t.file_row_number = changed.row order by t.file_row_number) to '{target}' "
        "(format parquet, compression zstd)",
        file,
    )
    return Changed(rejects=len(changed))


def _less(counts: Counts, gone: int) -> Counts:
    return replace(counts, read=counts.read - gone, loaded=counts.loaded - gone)


def _less_of_each(files: Sequence[SourceFile], gone: int) -> Iterator[SourceFile]:
    """The files with so many rows fewer, from the first on: of which file a row was, no load says.
    Of a load from an API there is one."""
    for file in files:
        here = min(gone, file.loaded)
        gone -= here
        yield replace(file, read=file.read - here, loaded=file.loaded - here)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def record_id_of(record: Mapping[str, object], key: tuple[str, ...]) -> str:
    """The id of a record, as `Load` makes it."""
    parts = [str(record.get(name) or "") for name in key]
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def as_record(content: Mapping[str, str | None]) -> str:
    """A record as the landing writes it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
