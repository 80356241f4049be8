"""One at a time: locks that the operating system lets go of when the process ends, however it ends.

`state/run.lock` keeps a second nightly run out; `state/warehouse.lock` keeps a second writer of the
warehouse waiting (the Dagster UI, `koers rebuild` and `koers dbt` write to it too). What the file
says about its holder is for people only; the lock itself is the system's.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LOOK_AGAIN_SECONDS = 0.1
GRACE_SECONDS = 0.3
"""Always waited, since who only looks (`holder`) holds the lock for an instant too."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. `since` is UTC, ISO 8601."""

    pid: int
    what: str
    since: str

    def __str__(self) -> str:
        return f"{self.what} (process {self.pid}, since {self.since})"


class BusyError(RuntimeError):
    """Someone else holds the lock; `holder` says who, if the file tells."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.holder = holder
        who = str(holder) if holder else "another process"
        super().__init__(f"{path} is held by {who}. Wait until it is done.")


@contextlib.contextmanager
def held(
    path: Path,
    what: str,
    *,
    wait_seconds: float = 0.0,
    on_wait: Callable[[Holder | None], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of a file while the block runs.

    Waits for it up to `wait_seconds`, having called `on_wait` once if it has to. Raises BusyError
    naming the holder. Not re-entrant.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + max(wait_seconds, GRACE_SECONDS)
    told = False
    with path.open("a+", encoding="utf-8") as handle:
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise BusyError(path, holder(path))
            if on_wait and not told:
                on_wait(holder(path))
                told = True
            time.sleep(LOOK_AGAIN_SECONDS)
        since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        handle.truncate(0)
        handle.write(json.dumps(asdict(Holder(os.getpid(), what, since))))
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)
            fcntl.flock(handle, fcntl.LOCK_UN)


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None if nobody does, or if the holder has not said yet."""
    try:
        with path.open("r", encoding="utf-8") as handle:
            try:
                # A shared lock, given back at once: a look must not keep a run from starting.
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with contextlib.suppress(ValueError, TypeError):
                    return Holder(**json.load(handle))
            return None
    except FileNotFoundError:
        return None


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
