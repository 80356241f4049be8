"""Committed loads whose files are not what their manifest says. Reads every file: to be asked when
something failed, or before everything is built from the landing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.core.durable import sha256
from connectors.core.errors import LandingDamagedError
from connectors.core.landing import Landing


def damaged(root: Path) -> Iterator[str]:
    """What is wrong with the landing, file by file, and what to do about it."""
    landing = Landing(root)
    for folder in sorted(root.glob("[!.]*/[!.]*")):
        connector, stream = folder.parent.name, folder.name
        for load_id in landing.load_ids(connector, stream):
            load = landing.load_folder(connector, stream, load_id)
            try:
                parts = landing.manifest(connector, stream, load_id).parts
            except LandingDamagedError as error:
                yield str(error)
                continue
            for part in parts:
                file = load / part.name
                if not file.exists():
                    yield f"{file} is gone. {_remedy(load)}"
                elif file.stat().st_size != part.bytes or sha256(file) != part.sha256:
                    yield f"{file} is not as it was written (its checksum differs). {_remedy(load)}"


def _remedy(load: Path) -> str:
    return (
        f"Restore it from a backup. Without one: move {load} out of the landing, and load its "
        "export files again from inbox/archive, or its API's window with `koers backfill`."
    )
