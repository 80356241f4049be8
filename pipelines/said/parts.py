"""The folders that hold what was said: one for each time that something was said, and, so that
there never are many, some of them taken together.

    <said_id>/             one statement
    <first>-<last>/        all statements from one to another, both included

Eight neighbours of the same size become one (of 8, of 64, of 512 statements), so each row is copied
a handful of times in all, and there are some twenty folders after ten years of nights. Taking
together is committed by one rename: a folder whose statements another holds too is passed over,
and removed by the next recording, so that who was reading it can go on.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.core.durable import sync, write_text
from connectors.core.failpoints import failpoint
from pipelines.publication import ID_FORMAT, ID_PATTERN
from pipelines.publication_build import connect

TOGETHER = 8
TABLES = ("values", "units", "kpis")
ABOUT = "said.json"
_TOGETHER_PATTERN = re.compile(rf"({ID_PATTERN.pattern})-({ID_PATTERN.pattern})")


@dataclass(frozen=True, slots=True)
class Statement:
    """One time that something was said: which publication readers got from then on. said_id: the
    moment, in the form of a publication's id; that of the publication itself, unless a publication
    of before was put in place again (is_rollback), or the clock had been put back."""

    said_id: str
    publication_id: str
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A folder, with its first and its last statement."""

    folder: Path
    first: str
    last: str

    @property
    def statements(self) -> list[Statement]:
        about = self.folder / ABOUT
        if not about.exists():  # of a Koers of before
            return [Statement(self.first, self.first)]
        return [Statement(**each) for each in json.loads(about.read_text(encoding="utf-8"))]


def parts(folder: Path) -> list[Part]:
    """Those that hold all that was said, each statement once, oldest first."""
    found: list[Part] = []
    for part in _every(folder):
        if not found or part.last > found[-1].last:
            found.append(part)
    return found


def statements(folder: Path) -> list[Statement]:
    """All there are, oldest first."""
    return [statement for part in parts(folder) for statement in part.statements]


def clear(folder: Path) -> None:
    """Remove what a crash left unfinished, and what is held by another part too."""
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover)
    kept = {part.folder for part in parts(folder)}
    for part in _every(folder):
        if part.folder not in kept:
            shutil.rmtree(part.folder)


def building(folder: Path, name: str) -> Path:
    """A new, empty, hidden folder, to become the part of that name."""
    new = folder / f".building-{name}"
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    return new


def commit(new: Path, said: Sequence[Statement]) -> Path:
    """Give a folder that `building` made its name, with what it holds, durably."""
    text = json.dumps([asdict(statement) for statement in said], indent=1)
    write_text(new / ABOUT, text + "\n")
    for file in new.iterdir():
        sync(file)
    sync(new)
    failpoint("said.before_rename")
    target = new.with_name(new.name.removeprefix(".building-"))
    new.rename(target)
    sync(new.parent)
    failpoint("said.after_rename")
    return target


def take_together(folder: Path, together: int = TOGETHER) -> None:
    """Make one of neighbours of the same size, as long as there are so many. Raises duckdb.Error
    and OSError; the folders of before then stand."""
    while (group := _group(parts(folder), together)) is not None:
        _merge(folder, group)


def queried(folder: Path, table: str) -> str:
    """SQL for every row of a table that was ever recorded, by its publication_id (a said_id).
    `folder` must hold a statement."""
    files = ", ".join(quoted(part.folder / f"{table}.parquet") for part in parts(folder))
    return f"read_parquet([{files}], union_by_name = true)"


def quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def after(said_id: str) -> str:
    """The next moment that can be told from it."""
    moment = dt.datetime.strptime(said_id, ID_FORMAT).replace(tzinfo=dt.UTC)
    return (moment + dt.timedelta(microseconds=1)).strftime(ID_FORMAT)


def _every(folder: Path) -> list[Part]:
    """The oldest first; of those that begin together, the one that holds most."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if ID_PATTERN.fullmatch(path.name):
            found.append(Part(path, path.name, path.name))
        elif ends := _TOGETHER_PATTERN.fullmatch(path.name):
            found.append(Part(path, *ends.groups()))
    # Only the newest last can be the longest of those with one first.
    found.sort(key=lambda part: part.last, reverse=True)
    found.sort(key=lambda part: part.first)
    return found


def _group(found: Sequence[Part], together: int) -> list[Part] | None:
    """The first so many neighbours of the same size."""
    sizes = [_size(len(part.statements), together) for part in found]
    for at in range(len(found) - together + 1):
        if len(set(sizes[at : at + together])) == 1:
            return list(found[at : at + together])
    return None


def _size(count: int, together: int) -> int:
    """How often so many were taken together to come to so many statements."""
    size = 0
    while count >= together:
        count //= together
        size += 1
    return size


def _merge(folder: Path, group: Sequence[Part]) -> None:
    new = building(folder, f"{group[0].first}-{group[-1].last}")
    with connect() as connection:
        for table in TABLES:
            files = ", ".join(quoted(part.folder / f"{table}.parquet") for part in group)
            connection.execute(
                f"copy (select * from read_parquet([{files}], union_by_name = true)) "
                f"to {quoted(new / f'{table}.parquet')} (format parquet, compression zstd)"
            )
            failpoint("said.merging")
    commit(new, [statement for part in group for statement in part.statements])
    failpoint("said.merged")
