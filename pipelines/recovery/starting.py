"""What a run mends before it begins, and what it can do about a build that failed."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator

from connectors.core.damage import damaged
from pipelines.engineers import tell_engineers
from pipelines.machine import allow_files
from pipelines.recovery.dagster import mend_dagster
from pipelines.recovery.folders import check_folders
from pipelines.recovery.ledger import mend_ledger
from pipelines.recovery.publications import mend_publications
from pipelines.recovery.versions import check_versions, stamp
from pipelines.recovery.warehouse import damage
from pipelines.settings import Home, Settings
from pipelines.warehouse import quarantine
from pipelines.watch.ledger import LedgerError

Say = Callable[[str], None]
_MOST_NAMED = 5


def mend(home: Home, settings: Settings, say: Say) -> bool:
    """Mend what is broken, and say so, here and to the engineers. Whether a build must follow,
    though nothing may be new. To be called under the run lock. Raises LedgerError and
    NewerStateError."""
    check_versions(home)
    must_build = False
    for found, builds in _mended(home):
        must_build = must_build or builds
        say(found)
        tell(home, settings, found)
    stamp(home)
    return must_build


def ready(home: Home) -> None:
    """To be called by every command that writes, before it does. Raises NewerStateError for a home
    of a newer Koers, FolderError for folders that may not be used, and MachineError."""
    check_folders(home)
    check_versions(home)
    allow_files()


def _mended(home: Home) -> Iterator[tuple[str, bool]]:
    if done := mend_ledger(home):
        yield done, True
    if done := mend_dagster(home):
        yield done, False
    for done in mend_publications(home):
        yield done, True


def broken_warehouse(home: Home, settings: Settings, say: Say) -> bool:
    """After a build that failed: put a broken warehouse aside, so that the next build begins from
    nothing. Whether it was."""
    wrong = damage(home.warehouse)
    if wrong is None:
        return False
    aside = quarantine(home.warehouse)
    found = (
        f"The warehouse {home.warehouse} is broken ({wrong}). It was put aside as {aside}, and is "
        "built again from the landing. Look at the disk: files do not break by themselves."
    )
    say(found)
    tell(home, settings, found)
    return True


def broken_landing(home: Home) -> str:
    """After a build that failed: what is wrong with the landing; empty where nothing is."""
    found = list(damaged(home.landing))
    more = [f"and {len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
    return "\n".join([*found[:_MOST_NAMED], *more])


def tell(home: Home, settings: Settings, found: str) -> None:
    """Tell the engineers, once for each thing that was put aside. A ledger that cannot be used
    keeps it from nobody at the command line."""
    with contextlib.suppress(LedgerError):
        tell_engineers(
            home,
            settings,
            key=f"mended/{hashlib.sha256(found.encode()).hexdigest()[:16]}",
            title="Koers: something was broken and is mended",
            body=found,
        )
