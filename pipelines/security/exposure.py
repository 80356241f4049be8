"""What of a home and its secrets stands open to other accounts: for `koers doctor`, which looks at
the servers itself (`operations.checks.processes`)."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.security.environment import secret_names
from pipelines.settings import Home, Settings

MOST = 20
"""Paths that are named; the others are counted."""


@dataclass(frozen=True)
class Exposed:
    """One thing that stands open: what, and what to do about it."""

    what: str
    remedy: str


def readable(home: Home, settings: Settings) -> Iterator[Exposed]:
    """What of the home other accounts can read or change, if they can reach the home."""
    if not home.root.is_dir():
        return
    shared = (home.published, home.report) if settings.share_with_group else ()
    found = sorted(open_paths(home.root, shared))
    if found:
        named = ", ".join(str(path) for path in found[:MOST])
        more = f" and {len(found) - MOST:,} more" if len(found) > MOST else ""
        yield Exposed(
            f"other accounts of this machine can read or change {named}{more}",
            f"run `chmod -R go-rwx {home.root}`; what is to be read by a group is shared by "
            "`share_with_group` in koers.yaml",
        )


def open_paths(root: Path, shared: Iterable[Path] = ()) -> Iterator[Path]:
    """The topmost files and folders of a home that accounts other than its owner can read or
    change. The names in the home itself are no secret; who cannot go through a folder reaches
    nothing in it. shared: folders that the group may read, but not change."""
    group_may = tuple(shared)
    todo = [root]
    while todo:
        path = todo.pop()
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
            if path.is_symlink():
                continue
            allowed = 0o050 if any(path.is_relative_to(each) for each in group_may) else 0
            allowed = 0o055 if path == root else allowed
            if mode & 0o077 & ~allowed:
                yield path
            elif path.is_dir() and mode & 0o011:
                todo += path.iterdir()
        except OSError:
            continue  # what is gone, or not ours to look at, is not told here


def secret_files(environment: Mapping[str, str], settings: Settings) -> Iterator[Exposed]:
    """The files that hold a secret and that other accounts can read."""
    for name in sorted(secret_names(settings)):
        if not name.endswith("_FILE") or not (file := environment.get(name, "").strip()):
            continue
        try:
            mode = Path(file).stat().st_mode
        except OSError:
            continue  # that it is missing is told where it is read
        if mode & 0o077:
            yield Exposed(
                f"other accounts can read the file of {name.removesuffix('_FILE')}, {file}",
                f"run `chmod 600 {file}`",
            )
