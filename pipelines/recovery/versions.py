"""State of a newer Koers is refused before anything is written: an older one would read it wrong.

What carries a number of its own: the alert ledger (`user_version`), the manifests of loads and of
publications, and the home as a whole (`state/home.json`), for everything that carries none. The
warehouse needs none: it is built anew where models or settings differ.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from connectors.core import manifest as landing_manifest
from connectors.core.landing import Landing
from pipelines import records
from pipelines.publication import MANIFEST_VERSION, SCHEMA_VERSION
from pipelines.settings import Home
from pipelines.watch import ledger

HOME_VERSION = 1
"""Goes up when an older Koers could not go on with a home that this one has run on."""


class NewerStateError(RuntimeError):
    """A newer Koers has run on this home; the text names the files. Nothing was changed."""


def check_versions(home: Home) -> None:
    """Raises NewerStateError naming every file that is of a newer Koers. What is broken is not
    judged here: what reads it says so."""
    if found := list(_newer(home)):
        raise NewerStateError(
            f"{'; '.join(found)}. This home was used by a newer Koers, and an older one must not "
            "write to it. Nothing was changed. Update Koers, or put a backup of the home back."
        )


def stamp(home: Home) -> None:
    """Write down that this Koers has run on the home."""
    if records.read(_record(home)).get("version") != HOME_VERSION:
        records.write(_record(home), {"version": HOME_VERSION})


def _record(home: Home) -> Path:
    return home.state / "home.json"


def _newer(home: Home) -> Iterator[str]:
    yield from _over(_record(home), "version", HOME_VERSION)
    version = _ledger_version(home.ledger)
    if version > ledger.SCHEMA_VERSION:
        yield f"{home.ledger} has version {version}, this Koers knows {ledger.SCHEMA_VERSION}"
    landing = Landing(home.landing)
    for folder in sorted(home.landing.glob("[!.]*/[!.]*")):
        for load_id in landing.load_ids(folder.parent.name, folder.name)[-1:]:
            file = landing.load_folder(folder.parent.name, folder.name, load_id) / "manifest.json"
            yield from _over(file, "manifest_version", landing_manifest.VERSION)
    for file in sorted(home.published.glob("*/snapshots/[!.]*/manifest.json")):
        yield from _over(file, "manifest_version", MANIFEST_VERSION)
        yield from _over(file, "schema_version", SCHEMA_VERSION)


def _over(file: Path, name: str, known: int) -> Iterator[str]:
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(file.read_text(encoding="utf-8"))
        found = content.get(name) if isinstance(content, dict) else None
        if isinstance(found, int) and found > known:
            yield f"{file} has {name} {found}, this Koers knows {known}"


def _ledger_version(file: Path) -> int:
    if not file.exists() or not file.stat().st_size:
        return 0
    with contextlib.suppress(sqlite3.DatabaseError):
        uri = f"{file.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
            return int(connection.execute("pragma user_version").fetchone()[0])
    return 0
