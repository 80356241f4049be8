"""Writing that survives a power cut: bytes are flushed before the name that announces them."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from connectors.core.failpoints import failpoint

_LEFT_SECONDS = 600.0
"""A draft that is older is of a writer that was killed."""


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's list of names, to the disk. A flush that failed must not
    be tried again as if it were fine: what it was for is to be written anew."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with _naming(path):
            os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """The system does not say of which file it speaks."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, for this user alone, each durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write and flush a new file; a half of one is removed. Raises FileExistsError if there is
    one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            with _naming(path):
                _write_all(handle, text.encode())
                os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def replace_text(path: Path, text: str, *, modified_at: float | None = None) -> None:
    """Make this the text of a file, whether or not there is one: a reader, and who comes after a
    crash, sees the old text or the new one. modified_at: seconds since 1970, else now.

    Where it raises OSError, the old text stands, unless only the folder could not be flushed.
    """
    # Of this writer alone: another process may be writing the same file now.
    new = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    _sweep(path)
    new.unlink(missing_ok=True)
    write_text(new, text)
    try:
        if modified_at is not None:
            os.utime(new, (modified_at, modified_at))
        failpoint("record.before_rename")
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    sync(path.parent)


def _sweep(path: Path) -> None:
    """Remove what writers of this file left behind that were killed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink()


def _write_all(handle: int, content: bytes) -> None:
    """The system may write less than it is given; what is left is offered again."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def move(source: Path, target: Path) -> None:
    """Move a file, durably; from another file system by a copy that is complete before the
    original goes. `target` must be free and in an existing folder."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".moving-{target.name}"[:200])
        try:
            shutil.copy2(source, copy)
            sync(copy)
            copy.rename(target)
        except BaseException:
            with contextlib.suppress(OSError):
                copy.unlink()
            raise
        source.unlink()
    sync(target.parent)
    sync(source.parent)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
