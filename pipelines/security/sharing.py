"""Who may read what is published: this account, or (`share_with_group`) its group as well.

Group means the group of the folder: `chgrp bi published; chmod g+s published` hands new
publications to group `bi`. Only `published/` and `report/` are ever shared.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FILE, _FOLDER = 0o600, 0o700


def seal(made: Path, *, shared: bool, read_only: bool = False) -> None:
    """Set the rights of a file, or of a folder with all in it. read_only: its DuckDB files and
    those of Parquet are not written to again, by nobody. Links are left alone."""
    if made.is_symlink():
        return
    if not made.is_dir():
        mode = _FILE & ~0o200 if read_only and made.suffix in (".duckdb", ".parquet") else _FILE
        made.chmod(mode | 0o040 if shared else mode)
        return
    # The set-group-id bit of the folder above, which hands its group on, is kept.
    kept = stat.S_IMODE(made.stat().st_mode) & stat.S_ISGID
    made.chmod(_FOLDER | kept | (0o050 if shared else 0))
    for inner in made.iterdir():
        seal(inner, shared=shared, read_only=read_only)


def let_through(root: Path, *folders: Path, shared: bool) -> None:
    """Let the group reach what is shared in the folders of a home: they may go through the home
    without seeing what else is in it. Does nothing where nothing is shared."""
    if not shared:
        return
    for folder, more in ((root, 0o010), *((each, 0o050) for each in folders)):
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & more != more:
            os.chmod(folder, mode | more)  # noqa: PTH101 - with the other bits as they are
