"""A child process that does not outlive this one.

A run that is killed alone (for want of memory, or by `kill -9`) would leave its dbt behind, which
builds for minutes a warehouse that nobody waits for, while the next run may not touch it. A third
process waits for the end of a pipe that only the run holds open: it comes however the run ends.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

_WAIT_AND_KILL = 'read -r _; kill -9 "$1"'


@contextlib.contextmanager
def ends_with_this_process(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """While the block runs, the child is killed as soon as this process is gone."""
    watcher = subprocess.Popen(  # noqa: S603 # nosec B603 - a fixed script, our child
        ["/bin/sh", "-c", _WAIT_AND_KILL, "koers: ends dbt with its run", str(child.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        # Before its pipe is closed: else it would kill.
        watcher.kill()
        watcher.wait()
        if watcher.stdin is not None:
            watcher.stdin.close()
