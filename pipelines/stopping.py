"""A command that is told to stop (Ctrl-C, SIGTERM) stops in seconds, says so, and leaves nothing
behind that the next one would have to wait for.

Dagster swallows both signals while a job runs in this process, and then goes on with the next one;
`pipelines.defs.runner` sees that, and raises `Stopped` in its place.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_CODE = 130
"""As a shell gives it for a program that Ctrl-C ended."""


class Stopped(KeyboardInterrupt):
    """Somebody asked this process to stop. A KeyboardInterrupt, so that nothing takes it for an
    error it can deal with. By which signal is not told: Dagster keeps that to itself."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` in the main thread where SIGINT or SIGTERM comes while the block runs. Of
    another thread than the main one, nothing changes: only the main one may handle signals."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
