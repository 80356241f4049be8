"""Locks of the operating system (flock): they end with the process, however it ends.

A lock file stays when it is let go; only the lock counts, never the file's presence.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from connectors.core.errors import BusyError

WAIT_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.05


@contextlib.contextmanager
def exclusive(path: Path, what: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of `path` alone while the block runs; not re-entrant.

    what: what is being done, for the message. Raises BusyError after `wait_seconds`.
    """
    with _held(path, fcntl.LOCK_EX, what, wait_seconds):
        yield


@contextlib.contextmanager
def shared(path: Path, what: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of `path` with other sharers. Raises BusyError after `wait_seconds`."""
    with _held(path, fcntl.LOCK_SH, what, wait_seconds):
        yield


@contextlib.contextmanager
def _held(path: Path, kind: int, what: str, wait_seconds: float) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise BusyError(
                        f"{what}: another process is busy with it (lock {path}). "
                        "Wait until it is done and run again."
                    ) from None
                time.sleep(_LOOK_AGAIN_SECONDS)
        yield
    finally:
        os.close(handle)
