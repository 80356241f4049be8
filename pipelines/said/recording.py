"""Records what a publication says differently from what was said before it."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import duckdb

from connectors.core.durable import make_folder, sha256
from connectors.core.failpoints import failpoint
from pipelines.lock import BusyError, held
from pipelines.publication import (
    ID_FORMAT,
    Publication,
    PublicationError,
    current,
    snapshots,
)
from pipelines.publication_build import connect
from pipelines.said.changes import (
    KEY,
    SAID,
    changed_kpis,
    changed_units,
    changed_values,
    read_said,
)
from pipelines.said.parts import (
    Statement,
    after,
    building,
    clear,
    commit,
    queried,
    quoted,
    statements,
    take_together,
)
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
    """The moments (said_id) at which something was said, oldest first."""
    return [statement.said_id for statement in statements(folder)]


def record_all(home: Home, audience: str = "management") -> list[str]:
    """Record the kept publications that came after the newest one recorded, oldest first, and that
    one of before was put in place again, if it was; their moments. Whatever an earlier run left
    undone is caught up with.

    Raises SaidError or PublicationError; what was recorded before then stands. A second process
    waits, or raises BusyError.
    """
    try:
        return _record_all(home, audience)
    except OSError as error:
        what = "What was said cannot be recorded"
        raise _unusable(folder_of(home, audience), what, error) from error


def _record_all(home: Home, audience: str) -> list[str]:
    folder = folder_of(home, audience)
    with held(home.state / "said.lock", "recording what was said", wait_seconds=WAIT_SECONDS):
        if folder.is_dir():
            clear(folder)
        known = statements(folder)
        newest = max((s.publication_id for s in known if not s.is_rollback), default="")
        kept = {p.publication_id: p for p in reversed(snapshots(home, audience))}
        done = []
        for publication in (p for each, p in kept.items() if each > newest):
            before = kept.get(known[-1].publication_id) if known else None
            done.append(record(folder, publication, before=before))
            known = statements(folder)
        there = None
        with contextlib.suppress(PublicationError):  # of before: what is wrong is told elsewhere
            there = current(home, audience)
        if known and there is not None and there.publication_id != known[-1].publication_id:
            moment = _put_in_place(home, audience)
            before = kept.get(known[-1].publication_id)
            done.append(record(folder, there, before=before, rolled_back=moment))
        try:
            take_together(folder)
        except duckdb.Error as error:
            raise _unusable(folder, "What was said could not be taken together", error) from error
        return done


def note_rollback(home: Home, audience: str = "management") -> None:
    """Record that a publication of before is the current one, if that is not recorded yet. To be
    called before a new one hides it. What cannot be recorded keeps nothing from being published:
    `record_all` says what is wrong."""
    with contextlib.suppress(SaidError, BusyError, PublicationError, OSError):
        kept = snapshots(home, audience)
        there = current(home, audience)
        if there is not None and kept[0].publication_id != there.publication_id:
            record_all(home, audience)


def record(
    folder: Path,
    publication: Publication,
    *,
    before: Publication | None = None,
    rolled_back: dt.datetime | None = None,
) -> str:
    """Add what one publication says, that is newer than all that are recorded; nothing if it is
    there. The moment from which it is said.

    before: the publication that was said last, where it is still there: comparing with it costs
    less than with all that was ever said. rolled_back: the moment (aware) at which a publication of
    before was put in place again. Raises SaidError.
    """
    known = statements(folder)
    is_rollback = rolled_back is not None
    of_publications = [each for each in known if not each.is_rollback]
    said_id = publication.publication_id
    if rolled_back is not None:
        said_id = rolled_back.astimezone(dt.UTC).strftime(ID_FORMAT)
    else:
        for each in of_publications:
            if each.publication_id == said_id:
                return each.said_id
        if of_publications and of_publications[-1].publication_id > said_id:
            raise SaidError(
                f"{folder} already holds {of_publications[-1].publication_id}, newer than "
                f"{said_id}: what was said is only added to."
            )
    if known and known[-1].said_id >= said_id:
        said_id = after(known[-1].said_id)
    make_folder(folder)
    new = building(folder, said_id)
    try:
        with connect() as connection:
            connection.execute(f"attach {quoted(publication.file)} as publication (read_only)")
            read_said(connection, "publication", "now")
            _read_before(connection, folder, before, known)
            for name, (_, changed) in TABLES.items():
                query = changed()
                if is_rollback and name == "values":
                    query = f"select * replace ('rollback' as reasons) from ({query})"
                connection.execute(
                    f"copy (select {quoted(said_id)} as publication_id, * from ({query})) "
                    f"to {quoted(new / f'{name}.parquet')} (format parquet, compression zstd)"
                )
                failpoint("said.writing")
    except duckdb.Error as error:
        what = f"What {publication.publication_id} says could not be recorded"
        raise _unusable(folder, what, error) from error
    commit(new, [Statement(said_id, publication.publication_id, is_rollback)])
    return said_id


def state_query(folder: Path, table: str, until: str | None = None) -> str:
    """SQL for the rows of a table as they were said at a moment (default: now): of each key the
    last change, unless it is gone. Ids are ordered as their times are."""
    key = ", ".join(TABLES[table][0])
    if not [each for each in recorded(folder) if until is None or each <= until]:
        return f"select * from ({_empty(table)}) as nothing where false"
    then = "" if until is None else f"where publication_id <= {quoted(until)} "
    return (
        f"select * from (select * from {queried(folder, table)} {then}qualify "
        f"row_number() over (partition by {key} order by publication_id desc) = 1) as newest "
        "where not is_gone"
    )


def _read_before(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    before: Publication | None,
    known: list[Statement],
) -> None:
    """Make `before_values` and its like: from the publication that was said last, if it is there as
    it was made, else from what is recorded. Both hold the same, to the digits that count."""
    if before is not None and known and known[-1].publication_id == before.publication_id:
        with contextlib.suppress(OSError):
            if sha256(before.file) == before.sha256:
                connection.execute(f"attach {quoted(before.file)} as said_last (read_only)")
                read_said(connection, "said_last", "before")
                return
    for name in TABLES:
        connection.execute(f"create temp table before_{name} as {state_query(folder, name)}")


def _put_in_place(home: Home, audience: str) -> dt.datetime:
    """When the current publication was put in place: its manifest is copied then."""
    file = home.published / audience / "manifest.json"
    at = file if file.exists() else home.publication(audience)
    return dt.datetime.fromtimestamp(at.stat().st_mtime, dt.UTC)


def _unusable(folder: Path, what: str, error: Exception) -> SaidError:
    return SaidError(
        f"{what} in {folder}: {error}. The next run tries again; a file there that cannot be read "
        "comes back from a backup."
    )


def _empty(table: str) -> str:
    columns = {
        "values": {**dict.fromkeys(KEY, "VARCHAR"), "period_start": "DATE", **SAID},
        "units": {"org_unit_id": "VARCHAR", "fingerprint": "VARCHAR"},
        "kpis": {"kpi": "VARCHAR", "definition": "VARCHAR"},
    }[table]
    return "select " + ", ".join(
        f"cast(null as {kind}) as {name}" for name, kind in columns.items()
    )
