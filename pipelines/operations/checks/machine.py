"""The disk, the versions of what Koers stands on, and the clock."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from packaging.requirements import Requirement

from connectors.core.landing import PREFIX
from pipelines.operations.checks.look import Look, size, told
from pipelines.operations.finding import Finding
from pipelines.publication import SCHEMA_VERSION as PUBLICATION_SCHEMA
from pipelines.publication import PublicationError, current
from pipelines.settings import Home
from pipelines.watch.ledger import SCHEMA_VERSION as LEDGER_SCHEMA

LEAST_FREE = 500_000_000
"""Bytes that are to be free however small the home is: dbt's target, logs, a report."""
TIMES_NEEDED = 3
FEWEST_FILES = 20_000
"""Of a file system that gives out a limited number of files (inodes)."""
CLOCK_TOLERANCE = dt.timedelta(minutes=5)
SHOWN = ("python", "duckdb", "dagster", "dagster-dbt", "dbt-core", "dbt-duckdb")


def bytes_of(folder: Path) -> int:
    """What the files under a folder take, a file with several names counted once."""
    seen, total = set(), 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            at = path.lstat()
            if path.is_file() and not path.is_symlink() and at.st_ino not in seen:
                seen.add(at.st_ino)
                total += at.st_size
    return total


def needed(home: Home) -> int:
    """Bytes that the next build and its publications need: the warehouse once more, since a build
    writes new blocks before it gives up old ones, and one publication of each audience."""
    warehouse = home.warehouse.stat().st_size if home.warehouse.exists() else 0
    publications = 0
    if home.published.is_dir():
        for audience in home.published.iterdir():
            with suppress(PublicationError, OSError):
                newest = current(home, audience.name)
                publications += bytes_of(newest.file.parent) if newest else 0
    return warehouse + publications


def disk(look: Look) -> Iterator[Finding]:
    """Room for the next night, and for more than one."""
    import os

    there = next(p for p in (look.home.root, *look.home.root.parents) if p.exists())
    free, need = shutil.disk_usage(there).free, needed(look.home)
    enough = max(TIMES_NEEDED * need, LEAST_FREE)
    what = f"{size(free)} free; the next build and publications need about {size(need)}"
    if free < max(need, LEAST_FREE // 5):
        level, do = "error", "Make room before the next night: fewer keep_publications, more disk."
    elif free < enough:
        level, do = "warning", f"Have {size(enough)} free: fewer keep_publications, or more disk."
    else:
        level, do = "ok", ""
    yield Finding(level, "disk", what, str(there), do)  # type: ignore[arg-type]
    at = os.statvfs(there)
    if at.f_files and at.f_favail < FEWEST_FILES:
        yield Finding(
            "warning", "disk", f"room for {at.f_favail:,} more files only (inodes)", str(there),
            "A file system with more inodes, or fewer old loads and publications.",
        )  # fmt: skip


def versions(look: Look) -> Iterator[Finding]:
    """Whether what is installed is what this Koers asks for, and can read what the home holds."""
    wrong = False
    try:
        asked = importlib.metadata.requires("koers") or []
    except importlib.metadata.PackageNotFoundError:
        asked = []
    for text in asked:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            found = "nothing"
        if found == "nothing" or not wanted.specifier.contains(found, prereleases=True):
            wrong = True
            yield Finding(
                "error", "versions", f"{wanted.name}: {found} is installed, Koers asks for "
                f"{wanted.specifier}", "", "Install the lock file: make run does so.",
            )  # fmt: skip
    if not wrong:
        shown = {"python": platform.python_version()}
        for name in SHOWN[1:]:
            with suppress(importlib.metadata.PackageNotFoundError):
                shown[name] = importlib.metadata.version(name)
        yield Finding("ok", "versions", ", ".join(f"{n} {v}" for n, v in shown.items()))
    yield from _schemas(look.home)


def _schemas(home: Home) -> Iterator[Finding]:
    if home.ledger.exists():
        try:
            with closing(sqlite3.connect(f"{home.ledger.as_uri()}?mode=ro", uri=True)) as ledger:
                version = int(ledger.execute("pragma user_version").fetchone()[0])
                sound = ledger.execute("pragma quick_check").fetchone()[0]
        except sqlite3.Error as error:
            sound, version = str(error), 0
        if version > LEDGER_SCHEMA:
            yield Finding(
                "error", "versions", f"the alert ledger has version {version}; this Koers knows "
                f"{LEDGER_SCHEMA}", str(home.ledger), "Go back to the newer Koers.",
            )  # fmt: skip
        elif sound != "ok":
            yield Finding(
                "error", "versions", f"the alert ledger is damaged: {sound}", str(home.ledger),
                "Stop Koers, put the file aside and take that of a backup (docs/backup.md).",
            )  # fmt: skip
        else:
            yield Finding("ok", "versions", f"alert ledger {version}, sound", str(home.ledger))
    try:
        newest = current(home)
    except PublicationError as error:
        yield Finding("error", "versions", str(error), str(home.publication()), "koers publish")
        return
    if newest is not None and newest.schema_version > PUBLICATION_SCHEMA:
        yield Finding(
            "error", "versions", f"the publication has schema {newest.schema_version}; this Koers "
            f"makes {PUBLICATION_SCHEMA}", str(newest.file), "Go back to the newer Koers.",
        )  # fmt: skip


def clock(look: Look) -> Iterator[Finding]:
    """A clock that is behind what Koers wrote, or a time zone that the system does not know."""
    zone = look.chosen.time_zone
    ahead = [each for each in _moments(look.home) if each > look.now + CLOCK_TOLERANCE]
    if ahead:
        by = told(max(ahead) - look.now)
        yield Finding(
            "error", "clock", f"something in this home is dated {by} ahead of the clock",
            f"{look.now.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
            "Set the clock (NTP); it is behind, or was ahead when that was written.",
        )  # fmt: skip
    else:
        local = look.now.astimezone(ZoneInfo(zone))
        yield Finding("ok", "clock", f"{local:%Y-%m-%d %H:%M} in {zone}")


def _moments(home: Home) -> Iterator[dt.datetime]:
    """When the newest load of each stream was begun, and the newest publication made (UTC)."""
    pattern = "%Y%m%dT%H%M%S%fZ"
    for stream in home.landing.glob("[!.]*/[!.]*"):
        newest = max((p.name.removeprefix(PREFIX) for p in stream.glob(f"{PREFIX}*")), default="")
        with suppress(ValueError):
            yield dt.datetime.strptime(newest, pattern).replace(tzinfo=dt.UTC)
    with suppress(PublicationError):
        if (publication := current(home)) is not None:
            yield publication.created_at
