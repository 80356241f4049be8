"""Records what a publication says differently from the one before it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from connectors.core.durable import make_folder, sync
from connectors.core.failpoints import failpoint
from pipelines.lock import held
from pipelines.publication import ID_PATTERN, Publication, snapshots
from pipelines.publication_build import connect
from pipelines.said.changes import KEY, SAID, changed_kpis, changed_units, changed_values, read_now
from pipelines.settings import Home

TABLES = {
    "values": (KEY, changed_values),
    "units": (("org_unit_id",), changed_units),
    "kpis": (("kpi",), changed_kpis),
}
WAIT_SECONDS = 600.0


class SaidError(RuntimeError):
    """What was said cannot be recorded or read; the text names the folder and what to do."""


def folder_of(home: Home, audience: str = "management") -> Path:
    return home.state / "said" / audience


def recorded(folder: Path) -> list[str]:
    """The ids of the publications that are recorded, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if ID_PATTERN.fullmatch(path.name))


def record_all(home: Home, audience: str = "management") -> list[str]:
    """Record the kept publications that came after the newest one recorded, oldest first; their
    ids. Whatever an earlier run left undone is caught up with.

    Raises SaidError or PublicationError; what was recorded before then stands. A second process
    waits, or raises BusyError.
    """
    folder = folder_of(home, audience)
    with held(home.state / "said.lock", "recording what was said", wait_seconds=WAIT_SECONDS):
        known = recorded(folder)
        newest = known[-1] if known else ""
        due = [p for p in reversed(snapshots(home, audience)) if p.publication_id > newest]
        for publication in due:
            record(folder, publication)
        return [publication.publication_id for publication in due]


def record(folder: Path, publication: Publication) -> None:
    """Add one publication that is newer than all that are recorded; nothing if it is there."""
    target = folder / publication.publication_id
    known = recorded(folder)
    if publication.publication_id in known:
        return
    if known and known[-1] > publication.publication_id:
        raise SaidError(
            f"{folder} already holds {known[-1]}, newer than {publication.publication_id}: what "
            "was said is only added to."
        )
    make_folder(folder)
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover)
    building = folder / f".building-{publication.publication_id}"
    building.mkdir(mode=0o700)
    try:
        with connect() as connection:
            connection.execute(f"attach {_text(publication.file)} as publication (read_only)")
            read_now(connection, "publication")
            for name, query in _before(folder, known):
                connection.execute(f"create temp table before_{name} as {query}")
            for name, (_, changed) in TABLES.items():
                connection.execute(
                    f"copy (select {_text(publication.publication_id)} as publication_id, * "
                    f"from ({changed()})) to {_text(building / f'{name}.parquet')} "
                    "(format parquet, compression zstd)"
                )
                failpoint("said.writing")
    except duckdb.Error as error:
        raise SaidError(
            f"What {publication.publication_id} says could not be recorded in {folder}: {error}. "
            "The next run tries again; a file there that cannot be read comes back from a backup."
        ) from error
    for file in building.iterdir():
        sync(file)
    sync(building)
    failpoint("said.before_rename")
    building.rename(target)
    sync(folder)
    failpoint("said.after_rename")


def state_query(folder: Path, table: str, until: str | None = None) -> str:
    """SQL for the rows of a table as they were said in a publication (default: the newest): of
    each key the last change, unless it is gone. Ids are ordered as their times are."""
    ids = [each for each in recorded(folder) if until is None or each <= until]
    key = ", ".join(TABLES[table][0])
    if not ids:
        return f"select * from ({_empty(table)}) as nothing where false"
    files = ", ".join(_text(folder / each / f"{table}.parquet") for each in ids)
    return (
        f"select * from (select * from read_parquet([{files}], union_by_name = true) qualify "
        f"row_number() over (partition by {key} order by publication_id desc) = 1) as newest "
        "where not is_gone"
    )


def _before(folder: Path, ids: list[str]) -> Iterator[tuple[str, str]]:
    for name in TABLES:
        yield name, state_query(folder, name, ids[-1] if ids else "")


def _empty(table: str) -> str:
    columns = {
        "values": {**dict.fromkeys(KEY, "VARCHAR"), "period_start": "DATE", **SAID},
        "units": {"org_unit_id": "VARCHAR", "fingerprint": "VARCHAR"},
        "kpis": {"kpi": "VARCHAR", "definition": "VARCHAR"},
    }[table]
    return "select " + ", ".join(
        f"cast(null as {kind}) as {name}" for name, kind in columns.items()
    )


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
