"""Whether there is a backup, and how old it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress

from pipelines.operations.backup.known import destinations
from pipelines.operations.backup.manifest import ID_FORMAT
from pipelines.operations.checks.look import Look, told
from pipelines.operations.finding import Finding

OLD = dt.timedelta(days=2)


def backups(look: Look) -> Iterator[Finding]:
    """The newest backup of each destination."""
    known = destinations(look.home)
    if not known and look.home.landing.is_dir():
        yield Finding(
            "warning", "backups", "no backup was ever made: the landing is the only copy",
            "", "koers backup FOLDER, on another disk (docs/backup.md).",
        )  # fmt: skip
    for each in known:
        if not each.is_there:
            yield Finding(
                "note", "backups", "the folder of the backups is not there now", str(each.folder),
                "Mount it where it should be; koers backup notices otherwise.",
            )  # fmt: skip
            continue
        newest = None
        with suppress(ValueError, IndexError):
            newest = dt.datetime.strptime(each.backups[0], ID_FORMAT).replace(tzinfo=dt.UTC)
        if newest is None:
            yield Finding("error", "backups", "no whole backup there", str(each.folder),
                          f"koers backup {each.folder}")  # fmt: skip
        else:
            old = look.now - newest > OLD
            what = f"{len(each.backups)} backups, the newest {told(look.now - newest)} old"
            yield Finding("warning" if old else "ok", "backups", what, str(each.folder),
                          f"koers backup {each.folder}, every night" if old else "")  # fmt: skip
