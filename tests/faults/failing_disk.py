"""A disk whose nth write, flush or renaming fails, for a child process (`disk.c` does it).

Own code, since libfiu can fail calls at random but not "the 7th that changes something under this
folder": SQLite's way of testing, which says when all places were tried.
"""

from __future__ import annotations

import atexit
import errno
import hashlib
import json
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.zygote import Zygote, forked

SOURCE = Path(__file__).with_name("disk.c")
WRITE, FLUSH, NAME, HALF = 1, 2, 4, 8
KINDS = {
    "full": (WRITE | NAME, errno.ENOSPC),
    "failing": (WRITE | NAME, errno.EIO),
    "flush": (FLUSH, errno.EIO),
    "short": (WRITE | HALF, errno.EIO),
}
KILLED = -9


@dataclass(frozen=True)
class Outcome:
    """What a child did. calls: of the kind asked for, counted under the folder. hits: how many of
    them failed. error: the name of the exception's class and its text, if there was one."""

    calls: int
    hits: int
    error: str


@cache
def _zygote() -> Zygote:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here: a disk that fails on command cannot be made")
    name = f"koers-disk-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / "disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return Zygote(LD_PRELOAD=str(library))


def with_failing_disk(
    scenario: str, home: Path, under: Path, kind: str, nth: int, *, sticky: bool = False
) -> Outcome:
    """Run a scenario of `disk_child` in a child whose nth call under a folder fails (0: none does);
    sticky: and all after it, as on a disk that stays full. kind "kill": the process ends there."""
    what, error = (WRITE | FLUSH | NAME, KILLED) if kind == "kill" else KINDS[kind]
    arguments = (scenario, str(home), str(under), *map(str, (what, nth, error, int(sticky))))
    done = forked("tests.faults.disk_child", *arguments, zygote=_zygote())
    if kind == "kill" and done.returncode == -signal.SIGKILL:
        return Outcome(nth, 1, "killed")
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout.splitlines()[-1])
    return Outcome(**said)
