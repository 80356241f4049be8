"""Writing that survives a power cut: bytes are flushed before the name that announces them."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, for this user alone, each durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write and flush a new file. Raises FileExistsError if there is one."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def move(source: Path, target: Path) -> None:
    """Move a file, durably; from another file system by a copy that is complete before the
    original goes. `target` must be free and in an existing folder."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".moving-{target.name}"[:200])
        shutil.copy2(source, copy)
        sync(copy)
        copy.rename(target)
        source.unlink()
    sync(target.parent)
    sync(source.parent)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
