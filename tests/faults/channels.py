"""A channel on loopback that does what a script says: answers with a status, asks to be left alone,
or takes a message and then never answers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANGS = 0
"""In a script: the message is read, and no answer follows."""


@dataclass
class Scripted:
    """`script`: what the next posts get (a status, HANGS, or a status and a Retry-After), then 200.
    `got`: every body that was read, taken or not."""

    port: int
    script: list[int | tuple[int, str]] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def apprise(self) -> str:
        """Its URL for Apprise, which gives up after a second."""
        return f"json://127.0.0.1:{self.port}/alerts?rto=1&cto=1"

    @property
    def plain(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"


@contextlib.contextmanager
def scripted() -> Iterator[Scripted]:
    """Such a channel, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            channel.got.append(json.loads(body or b"{}"))
            does = channel.script.pop(0) if channel.script else 200
            if does == HANGS:
                channel.ended.wait(60)
                return
            status, wait = does if isinstance(does, tuple) else (does, "")
            self.send_response(status)
            if wait:
                self.send_header("Retry-After", wait)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    channel = Scripted(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield channel
    finally:
        channel.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
