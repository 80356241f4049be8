"""A person in everything that is neither landing, warehouse nor publication: what was said, records
of runs, logs, Dagster's storage."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb

from connectors.core.durable import sync
from pipelines.privacy import in_sqlite, journal
from pipelines.privacy.in_files import decoded
from pipelines.privacy.marks import Marks
from pipelines.privacy.searching import search
from pipelines.settings import Home

SIDECARS = ("-wal", "-shm", "-journal")
OWN = ("koers.yaml", "audiences.yaml", "mapping.yaml")
"""Files that people write: what they say is told, not changed."""


def erase_said(home: Home, marks: Marks, units: Collection[str]) -> int:
    """Take the figures of an individual out of what was said; how many rows. To be called again
    after a kill."""
    number = 0
    for file in sorted((home.state / "said").glob("*/*/*.parquet")):
        with duckdb.connect() as db:
            db.create_function("mentioned", marks.mentions, ["VARCHAR"], "BOOLEAN")
            db.create_function("erased", marks.words, ["VARCHAR"], "VARCHAR")
            path = str(file).replace("'", "''")
            types = {
                r[0]: r[1] for r in db.execute(f"describe from read_parquet('{path}')").fetchall()
            }
            texts = [name for name, kind in types.items() if kind == "VARCHAR"]
            gone = "false"
            if "org_unit_id" in types:
                gone = "list_contains($units::varchar[], org_unit_id)"
            told = " or ".join(f'coalesce(mentioned("{name}"), false)' for name in texts) or "false"
            row = db.execute(
                f"select count(*) from read_parquet('{path}') where {gone} or {told}",
                {"units": sorted(units)} if "org_unit_id" in types else {},
            ).fetchone()
            if not row or not row[0]:
                continue
            number += int(row[0])
            replaced = ", ".join(f'erased("{name}") as "{name}"' for name in texts)
            draft = file.with_suffix(".draft")
            target = str(draft).replace("'", "''")
            db.execute(
                f"copy (select * replace ({replaced}) from read_parquet('{path}') "
                f"where not {gone}) to '{target}' (format parquet, compression zstd)",
                {"units": sorted(units)} if "org_unit_id" in types else {},
            )
        sync(draft)
        draft.replace(file)
        sync(file.parent)
    return number


def erase_dagster(home: Home, marks: Marks) -> dict[str, int]:
    """Take a person out of Dagster's runs, events and logs, of the storage in the home."""
    done = {"values": 0, "files": 0}
    for file in _files(home.dagster):
        if in_sqlite.is_sqlite(file):
            done["values"] += in_sqlite.erase(file, marks)
        else:
            done["files"] += _erase_file(file, marks)
    return {name: number for name, number in done.items() if number}


def erase_rest(home: Home, marks: Marks) -> dict[str, int]:
    """The same of all other files; what dbt compiled and logged goes altogether."""
    done = {"files": 0, "folders of dbt": 0}
    for folder in (home.dbt_target, home.dbt_logs):
        if folder.exists():
            shutil.rmtree(folder)
            done["folders of dbt"] += 1
    elsewhere = (home.landing, home.inbox, home.warehouse.parent, home.published, home.dagster)
    for file in _files(home.root):
        if any(file.is_relative_to(place) for place in elsewhere) or file.name in OWN:
            continue
        if file in (home.ledger, journal.file_of(home)) or file.is_relative_to(home.state / "said"):
            continue
        if in_sqlite.is_sqlite(file):
            done["files"] += bool(in_sqlite.erase(file, marks))
        else:
            done["files"] += _erase_file(file, marks)
    return {name: number for name, number in done.items() if number}


def named_by_people(home: Home, marks: Marks) -> list[str]:
    """Files of people's own hand that name the person: they are to change them themselves."""
    return [
        str(file.relative_to(home.root))
        for file in _files(home.root)
        if file.name in OWN and marks.mentions(decoded(file.read_bytes())[0])
    ]


def _erase_file(file: Path, marks: Marks) -> int:
    """1 where a file was changed or removed."""
    content = file.read_bytes()
    text, encoding = decoded(content)
    if b"\x00" in content[:4096] or content[:2] in (b"\x1f\x8b", b"PK"):
        # Of no kind that could be changed; that it is gone costs no figure.
        if not marks.mentions(text) and not _packed_mentions(file, marks):
            return 0
        file.unlink()
        return 1
    if not marks.mentions(text):
        return 0
    draft = file.with_name(f".{file.name}.erasing")
    draft.write_bytes(marks.words(text).encode(encoding))
    draft.chmod(file.stat().st_mode & 0o777)
    sync(draft)
    draft.replace(file)
    sync(file.parent)
    return 1


def _packed_mentions(file: Path, marks: Marks) -> bool:
    return bool(
        search(file.parent, [*marks.named], [p for p in file.parent.iterdir() if p != file])
    )


def _files(root: Path) -> Iterator[Path]:
    for file in sorted(root.rglob("*")) if root.is_dir() else ():
        if file.is_file() and not file.is_symlink() and not file.name.endswith(SIDECARS):
            yield file
