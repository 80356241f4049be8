"""The warehouse file before it is built: free, readable, or put aside.

It is disposable: the landing is the system of record. So a file that no longer opens is quarantined
and the next build starts from nothing, instead of failing every night.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from pipelines.engineers import tell_engineers
from pipelines.lock import Holder, held
from pipelines.publication_build import sidecars
from pipelines.recovery.quarantine import put_aside
from pipelines.settings import Home, settings
from pipelines.watch.ledger import LedgerError

WAIT_SECONDS = 1800.0
FREE_WITHIN_SECONDS = 120.0

Say = Callable[[str], None]


class WarehouseBusyError(RuntimeError):
    """Another program has the warehouse file open; the text says which and what to do."""


@contextlib.contextmanager
def writing(home: Home, what: str, say: Say = lambda _: None) -> Iterator[None]:
    """Be the only one that builds or reads the warehouse file while the block runs.

    Waits for another build. Raises BusyError or WarehouseBusyError if that takes too long.
    """

    def tell(holder: Holder | None) -> None:
        say(f"waiting for {holder or 'another build'}")

    lock = home.state / "warehouse.lock"
    with held(lock, what, wait_seconds=WAIT_SECONDS, on_wait=tell):
        if (aside := make_ready(home.warehouse, say)) is not None:
            _tell(home, aside)
        yield


def _tell(home: Home, aside: Path) -> None:
    """Tell the engineers, once; a ledger that cannot be used keeps nothing from being built."""
    with contextlib.suppress(LedgerError):
        tell_engineers(
            home,
            settings(home),
            key=f"warehouse-aside/{aside.parent.name}",
            title="Koers: the warehouse could not be read",
            body=f"It was put aside as {aside}; `koers run` builds it again from the landing. "
            "Look at the disk: files do not break by themselves.",
        )


def make_ready(
    file: Path, say: Say = lambda _: None, wait_seconds: float = FREE_WITHIN_SECONDS
) -> Path | None:
    """Wait until no process has the file open; put it aside if it cannot be read.

    Returns where it was put aside. A dbt that outlived a killed run lets go by itself; a person's
    database tool does not, hence WarehouseBusyError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        return quarantine(file) if sidecars(file) else None
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            duckdb.connect(str(file)).close()
        except duckdb.Error as error:
            if "lock" not in str(error).lower():
                aside = quarantine(file)
                say(f"the warehouse cannot be read ({error}); it was put aside as {aside}")
                return aside
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(
                    f"{file} is open in another program, so it cannot be built: {error}. "
                    "Close that program; to look at figures, open the published file instead."
                ) from error
            time.sleep(0.5)
        else:
            return None


def quarantine(file: Path) -> Path:
    """Move a database and its write-ahead logs to `quarantine/` beside it; they stay together. The
    newest few are kept."""
    return put_aside(file.parent / "quarantine", (*sidecars(file), file)) / file.name
