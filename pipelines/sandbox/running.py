"""The fake vendors as `koers sandbox` runs them, until somebody ends it."""

from __future__ import annotations

import contextlib
import datetime as dt
import shlex
import signal
import threading
from collections.abc import Callable
from types import FrameType

from connectors.core.errors import PermanentError
from pipelines.sandbox.server import serve
from pipelines.sandbox.tables import sample_tables
from pipelines.sandbox.vendors import vendors


def run_sandbox(only: str, port: int, *, end: dt.date, say: Callable[[str], None]) -> None:
    """Serve the vendors, or only one, on ports from `port` on, and say how to use them.

    Returns after SIGINT or SIGTERM. Raises PermanentError where a port is taken or the vendor is
    unknown.
    """
    known = vendors()
    if only and only not in known:
        raise PermanentError(f"no fake of {only!r} is here: {', '.join(known)}")
    tables = sample_tables(end)
    over = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        over.set()

    with contextlib.ExitStack() as stack:
        for at, vendor in enumerate(known[name] for name in ([only] if only else known)):
            try:
                box = stack.enter_context(serve(vendor.account(tables), port + at))
            except OSError:
                raise PermanentError(f"port {port + at} is taken; give another: --port") from None
            say(f"# {vendor.connector}: POST faults to {box.url}/_sandbox/faults")
            for name, value in vendor.environment(box.url).items():
                say(f"export {name}={shlex.quote(value)}")
        say("# Set these in another terminal, with KOERS_HOME on an empty folder, and: koers run")
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, stop))
        over.wait()
