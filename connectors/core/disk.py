"""What a disk refuses, told to people: which path, what it is, how much room there is, what to do.

A full disk is told by the system in three ways (ENOSPC; EDQUOT for a quota; EFBIG for a limit on
one file), and by DuckDB and SQLite each in words of their own.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from connectors.core.errors import DiskError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FAILS = {errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
_FULL_WORDS = ("no space left", "disk is full", "quota exceeded", "file too large")
_FAILS_WORDS = (
    "input/output error",
    "disk i/o error",
    "could not write",
    "could not fsync",
    "fsync failed",
    "could not truncate",
    "readonly database",
    "read-only file system",
    "permission denied",
    "too many open files",
    "unable to open database file",
)


def is_full(error: BaseException) -> bool:
    """Whether an error of the system, of DuckDB or of SQLite says that there is no room."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    return any(word in str(error).lower() for word in _FULL_WORDS)


def is_of_disk(error: BaseException) -> bool:
    """Whether it says that a file cannot be written or read as it should: full, failing, forbidden,
    or too many files open."""
    if is_full(error):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FAILS
    return any(word in str(error).lower() for word in _FAILS_WORDS)


def room(path: Path) -> int:
    """The bytes that are free where a path is, or would be; 0 where the system does not say."""
    for there in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(there).free
    return 0


def size(count: int) -> str:
    """A number of bytes for people, counted in thousands: 1.2 MB."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def refused(path: Path, error: BaseException, needed: int | None = None) -> str:
    """What to tell of an error for which `is_of_disk` holds. needed: bytes, where that is known."""
    what = " ".join(str(error).split())
    named = f"{path}: {what}" if str(path) not in what else what
    if not is_full(error):
        return f"{named}."
    asks = f", about {size(needed)} are needed" if needed else ""
    return f"{named}. {size(room(path))} are free there{asks}: make room."


@contextlib.contextmanager
def disk_told(path: Path, stands: str) -> Iterator[None]:
    """Raises DiskError for what the disk refuses in the block. stands: what is not lost by it, and
    what to do, as a sentence."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if not is_of_disk(error):
            raise
        raise DiskError(f"{refused(path, error)} {stands}") from error
