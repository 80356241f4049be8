"""Brings a project to disk, and never over a file that somebody changed without saying so.

`koers-powerbi.json` beside the project remembers the SHA-256 of each file as it was written, and
with which choices. A file that differs from that was changed by people, or by Power BI Desktop when
it saved the project.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATE = "koers-powerbi.json"


class ProjectChangedError(ValueError):
    """Files of the project were changed after they were written; the text names them."""


@dataclass(frozen=True)
class Written:
    """What became of the files, by their path in the project's folder."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    overwritten: tuple[str, ...]
    unchanged: int


@dataclass(frozen=True)
class State:
    """What was written last time: SHA-256 by file, and the choices it was made with."""

    files: Mapping[str, str]
    choices: Mapping[str, str]


def state_of(folder: Path) -> State:
    """What `folder` says it holds; nothing where it says nothing, or what cannot be read."""
    try:
        content = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return State(dict(content["files"]), dict(content["choices"]))
    except (OSError, ValueError, KeyError, TypeError):
        return State({}, {})


def write(
    folder: Path,
    files: Mapping[str, str],
    choices: Mapping[str, str],
    *,
    overwrite: bool = False,
) -> Written:
    """Write the files that differ, and remove those of last time that are no longer part of it.

    Raises ProjectChangedError, before anything is written, when a file to be replaced or removed is
    not as it was written last time; with `overwrite` it is replaced, and named in the result.
    """
    before = state_of(folder).files
    new, changed, same = [], [], 0
    for path, text in files.items():
        there = _hash_of(folder / path)
        if there == _sha256(text.encode()):
            same += 1
            continue
        new.append(path)
        if there is not None and there != before.get(path):
            changed.append(path)
    gone = [path for path in before if path not in files and (folder / path).is_file()]
    changed += [path for path in gone if _hash_of(folder / path) != before[path]]
    if changed and not overwrite:
        raise ProjectChangedError(
            f"These files in {folder} were changed after Koers wrote them (Power BI Desktop writes "
            "every file anew when it saves); nothing was written:\n  "
            + "\n  ".join(sorted(changed))
            + "\nGive --to another folder to compare, or --overwrite to lose those changes."
        )
    for path in new:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(files[path], encoding="utf-8", newline="\n")
    for path in gone:
        (folder / path).unlink()
        _remove_empty((folder / path).parent, folder)
    state = {
        "choices": dict(choices),
        "files": {path: _sha256(text.encode()) for path, text in sorted(files.items())},
    }
    text = json.dumps(state, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    if _hash_of(folder / STATE) != _sha256(text.encode()):
        (folder / STATE).write_text(text, encoding="utf-8", newline="\n")
    return Written(tuple(new), tuple(gone), tuple(sorted(changed)), same)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _hash_of(file: Path) -> str | None:
    return _sha256(file.read_bytes()) if file.is_file() else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
