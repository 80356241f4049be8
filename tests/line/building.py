"""dbt over homes of one test process, without importing dbt and parsing the project for each.

dbt keeps what it parsed beside its target, and believes it as long as the profile is the same. The
profile holds the path of the warehouse, so every home is shown to dbt at one path, as a link.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.dbt import DbtError, dbt_env
from pipelines.settings import Home, settings
from tests.zygote import forked

_lock = threading.Lock()
_free: list[Path] = []
PARSED = "partial_parse.msgpack"


@contextlib.contextmanager
def _shown(home: Home) -> Iterator[Home]:
    """The home at a path that homes before it had too. Two at a time have two paths."""
    with _lock:
        if not _free:
            folder = Path(tempfile.mkdtemp(prefix="koers-shown-")).resolve()
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            _free.append(folder)
        folder = _free.pop()
    link, kept = folder / "koers", folder / PARSED
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    link.symlink_to(home.root)
    try:
        if kept.exists():
            shutil.copyfile(kept, home.dbt_target / PARSED)
        yield Home(link)
        if (home.dbt_target / PARSED).exists():
            shutil.copyfile(home.dbt_target / PARSED, kept)
    finally:
        link.unlink()
        with _lock:
            _free.append(folder)


def dbt(arguments: Sequence[str], home: Home) -> str:
    """Run dbt on a home and return what it said, as `pipelines.dbt.run_dbt` does. Writes no
    manifest and no results."""
    with _shown(home) as shown:
        shown.warehouse.parent.mkdir(parents=True, exist_ok=True)
        environment = dbt_env(shown, settings(home))
        done = forked("tests.line.dbt_child", *arguments, **environment)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n" + said[-4000:])
    return said
