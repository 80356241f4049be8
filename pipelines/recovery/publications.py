"""Publications whose files are not what they were when they were made.

One that is kept and cannot be read is put aside, so that it holds up nothing else. A broken current
one stays in place for the readers that can still use it, until a new one takes its place, which the
run makes though nothing is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.audiences import audiences
from pipelines.publication import ID_PATTERN, Publication, PublicationError, current
from pipelines.publishing import wrong_files
from pipelines.recovery.quarantine import put_aside
from pipelines.settings import Home


def mend_publications(home: Home) -> Iterator[str]:
    """What was found and done, for people, a line for each; nothing where all are whole. Reads the
    files of the current ones whole."""
    for name in audiences(home):
        store = home.published / name / "snapshots"
        for folder in sorted(store.iterdir()) if store.is_dir() else ():
            if ID_PATTERN.fullmatch(folder.name) and (wrong := _unreadable(folder)):
                aside = put_aside(home.state / "quarantine", [folder], "publication")
                yield f"{name}: {wrong}. It was put aside as {aside}."
        try:
            publication = current(home, name)
            wrong = "; ".join(wrong_files(publication)) if publication else ""
        except PublicationError as error:
            wrong = str(error)
        if publication := None if not wrong else _same(home, name):
            aside = put_aside(home.state / "quarantine", [publication.file.parent], "publication")
            wrong += f" (kept as {aside})"
        if wrong:
            yield f"{name}: {wrong}. It is published again in this run."


def _unreadable(folder: Path) -> str | None:
    try:
        Publication.read(folder)
    except PublicationError as error:
        return str(error)
    return None if (folder / "koers.duckdb").exists() else f"{folder} has no koers.duckdb"


def _same(home: Home, audience: str) -> Publication | None:
    try:
        return current(home, audience)
    except PublicationError:
        return None
