"""A child process that makes or restores a backup: `main(["backup" | "restore", HOME, FOLDER])`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.operations.backup.making import make_backup
from pipelines.operations.backup.restoring import restore
from pipelines.settings import Home


def main(arguments: Sequence[str]) -> None:
    what, home, folder = arguments
    if what == "backup":
        make_backup(Home(Path(home)), Path(folder), parts=("publications", "archive"))
    else:
        restore(Home(Path(home)), Path(folder))
