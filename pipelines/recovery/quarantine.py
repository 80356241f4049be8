"""Broken files, put aside for people to look at; the newest few of each kind are kept."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable
from pathlib import Path

from connectors.core.durable import make_folder, sync

KEPT = 3
_FORMAT = "%Y%m%dT%H%M%S%fZ"


def new_folder(store: Path, what: str = "") -> Path:
    """A new folder `<moment>[-<what>]` in a store, which then holds at most `KEPT` of its kind."""
    stamp = dt.datetime.now(dt.UTC).strftime(_FORMAT)
    folder = store / (f"{stamp}-{what}" if what else stamp)
    make_folder(folder)
    kind = f"*Z-{what}" if what else "*Z"
    for old in sorted(store.glob(kind))[:-KEPT]:
        shutil.rmtree(old)
    return folder


def put_aside(store: Path, parts: Iterable[Path], what: str = "") -> Path:
    """Move files or folders into a new folder of a store; those that are not there are passed
    over. Returns the folder."""
    folder = new_folder(store, what)
    for part in parts:
        if part.exists() or part.is_symlink():
            part.rename(folder / part.name)
            sync(part.parent)
    sync(folder)
    return folder
