"""Who holds the locks, who has a database open that only Koers writes, and who can be reached from
other machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from pipelines.lock import holder
from pipelines.operations import proc
from pipelines.operations.checks.look import Look, told
from pipelines.operations.finding import Finding
from pipelines.settings import Home

LONGEST_RUN = dt.timedelta(hours=6)
LOCKS = ("run.lock", "warehouse.lock", "said.lock", "backup.lock")
SERVERS = (
    "bin/koers",
    "dagster-daemon",
    "dagster-webserver",
    "dagster_webserver",
    "pipelines.cli",
    "pipelines.security.ui",
)
"""A word of each, in the arguments of the processes of Koers that may take connections."""


def locks(look: Look) -> Iterator[Finding]:
    """Who holds a lock, and for how long. The system lets go of a lock when its process ends, so
    who holds one is alive."""
    free = True
    for name in LOCKS:
        file = look.home.state / name
        found = holder(file)
        if found is None:
            continue
        free = False
        age = look.now - dt.datetime.fromisoformat(found.since)
        if age > LONGEST_RUN:
            yield Finding(
                "warning", "locks", f"held by {found.what} for {told(age)}",
                f"{file}, process {found.pid}",
                f"Does process {found.pid} still do something? If not, end it: kill {found.pid}",
            )  # fmt: skip
        else:
            what = f"{found.what} works for {told(age)} now (process {found.pid})"
            yield Finding("ok", "locks", what, str(file))
    if free:
        yield Finding("ok", "locks", "nobody holds one")


def open_databases(look: Look) -> Iterator[Finding]:
    """Programs that have the warehouse open, or a publication for writing. Koers' own are known by
    the locks that they, or who started them, hold."""
    ours = {found.pid for name in LOCKS if (found := holder(look.home.state / name))}
    foreign = [
        each
        for each in proc.openers(_databases(look.home))
        if not ours.intersection(proc.ancestors(each.pid))
    ]
    told_of = False
    for each in foreign:
        name = f"{each.name} (process {each.pid})"
        if each.file == look.home.warehouse:
            told_of = True
            yield Finding(
                "error" if each.writes else "warning", "databases",
                f"{name} has the warehouse open{' for writing' if each.writes else ''}: "
                "the next build waits for it, and fails", str(each.file),
                f"Close it there; look at figures in {look.home.publication()}",
            )  # fmt: skip
        elif each.writes:
            told_of = True
            yield Finding(
                "warning", "databases",
                f"{name} has a publication open for writing: other readers are refused, and what "
                "it writes is lost; publishing goes on", str(each.file),
                "Open it read-only there (access_mode=read_only).",
            )  # fmt: skip
    if not told_of:
        readers = sum(not each.writes for each in foreign)
        yield Finding("ok", "databases", f"no foreign writer; {readers} readers of publications")


def _databases(home: Home) -> Iterator[Path]:
    yield home.warehouse
    # The current file is a second name of its snapshot: the path that people open.
    yield from home.published.glob("*/snapshots/*/koers.duckdb")
    yield from home.published.glob("*/koers.duckdb")


def exposure(look: Look) -> Iterator[Finding]:
    """The UI has no passwords: whoever reaches it can start and stop everything."""
    found = proc.listeners(SERVERS)
    for each in found:
        if not each.is_near:
            yield Finding(
                "error", "exposure",
                f"{each.name} (process {each.pid}) can be reached from other machines, and asks "
                "for no password", f"{each.host}:{each.port}",
                "Let it listen on 127.0.0.1, behind a proxy that asks for one "
                "(docs/production.md).",
            )  # fmt: skip
    near = ", ".join(f"{each.host}:{each.port}" for each in found if each.is_near)
    if all(each.is_near for each in found):
        where = f"this machine only: {near}" if near else "no UI or link server runs"
        yield Finding("ok", "exposure", where)
