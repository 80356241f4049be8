"""What this machine lets a process have: memory and open files. (How much DuckDB may put beside
its memory, `max_temp_directory_size`, it takes from the room on the disk by itself: 90 % of it.)

DuckDB asks the machine for its memory, and knows nothing of a limit that was set for the process
(ulimit, a container): past it, allocations fail in the middle of a query. So it is told.
"""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

MEMORY_VARIABLE = "KOERS_MEMORY_LIMIT"
FEWEST_FILES = 256
"""Open files that a run needs at least: Dagster keeps a database per run open, DuckDB one file per
Parquet part that it reads at a time."""

_SHARE = 0.6
_OF_ADDRESSES = 0.4
_LEAST = 256 * 1024**2
_CGROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class MachineError(RuntimeError):
    """The machine gives a run too little of something; the text says what and how to give more."""


def memory() -> int:
    """The bytes that a process here may use: of the machine, the container and the process, the
    least."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUP:
        with contextlib.suppress(OSError, ValueError):  # "max", or no such file
            found.append(int(file.read_text(encoding="ascii")))
    return min(found)


def memory_limit() -> str:
    """What DuckDB may use, as its setting `memory_limit` takes it: `KOERS_MEMORY_LIMIT` where that
    is set, else a share of what there is; of a limit on addresses (RLIMIT_AS) a smaller one, since
    libraries count for it too."""
    if given := os.environ.get(MEMORY_VARIABLE):
        return given
    wanted = memory() * _SHARE
    addresses = resource.getrlimit(resource.RLIMIT_AS)[0]
    if addresses != resource.RLIM_INFINITY:
        wanted = min(wanted, addresses * _OF_ADDRESSES)
    return f"{max(int(wanted), _LEAST) // 1024**2}MiB"


def allow_files() -> None:
    """Take as many open files as the system lets this process have. Raises MachineError where that
    is too few for a run."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft < FEWEST_FILES:
        raise MachineError(
            f"This process may open {soft} files at a time; a run needs {FEWEST_FILES}. Nothing "
            "was started. Raise the limit: `ulimit -n 1024`, or LimitNOFILE= in the systemd unit."
        )
