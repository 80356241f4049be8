"""Whether Koers may use its folders, looked at before anything is started."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.settings import Home


class FolderError(RuntimeError):
    """A folder or file of the home cannot be used by who runs Koers; the text names it."""


def unusable(home: Home) -> Iterator[str]:
    """What of a home this user may not use as a run must, path by path, and what to do."""
    if not _is_there(home.root):
        above = next(path for path in home.root.parents if _is_there(path))
        if not os.access(above, os.W_OK | os.X_OK):
            yield _told(above, "nothing can be made in it")
        return
    needed = (
        home.root, home.inbox, home.landing, home.warehouse.parent, home.published, home.report,
        home.state, home.dagster, home.landing / ".incoming", home.landing / ".locks",
        *(folder for folder in _below(home.landing)), *_below(home.published),
        *_below(home.inbox), home.state / "said", home.state / "ingest", home.state / "dbt",
        home.published / "management" / "snapshots",
    )  # fmt: skip
    for folder in needed:
        if _is_there(folder) and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield _told(folder, "it must be readable and writable")
    for file in (home.warehouse, home.ledger, home.run_lock, home.state / "warehouse.lock"):
        if _is_there(file) and not os.access(file, os.R_OK | os.W_OK):
            yield _told(file, "it must be readable and writable")
    for file in (home.settings_file, home.audiences_file):
        if _is_there(file) and not os.access(file, os.R_OK):
            yield _told(file, "it must be readable")


def check_folders(home: Home) -> None:
    """Raises FolderError, before anything is written, naming every path that cannot be used."""
    if found := list(unusable(home)):
        raise FolderError("\n".join(found))


def _is_there(path: Path) -> bool:
    """Not what lies in a folder that this user may not look into: the folder is named itself."""
    with contextlib.suppress(OSError):
        path.stat()
        return True
    return False


def _below(folder: Path) -> Iterator[Path]:
    if os.access(folder, os.R_OK | os.X_OK) and folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _told(path: Path, what: str) -> str:
    status = path.stat()
    me = os.geteuid()
    said = f"{path}: {what}, by user {me}; it is of user {status.st_uid}, mode"
    remedy = f"sudo chown -R {me} {path}" if status.st_uid != me else f"chmod u+rwX {path}"
    return f"{said} {status.st_mode & 0o777:03o}. `{remedy}`, or run Koers as its owner."
