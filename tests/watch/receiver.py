"""A webhook on loopback that keeps what it gets, and may be down for a while."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """`url` is for Apprise. While `is_down` it answers 503, and keeps nothing."""

    url: str
    is_down: bool = False
    refused: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The dedup keys of all it got, in that order."""
        return [body["dedup_key"] for body in self.got]


@contextlib.contextmanager
def receiving() -> Iterator[Webhook]:
    """A webhook, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if webhook.is_down:
                webhook.refused += 1
            else:
                webhook.got.append(content)
            self.send_response(503 if webhook.is_down else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook = Webhook(f"json://127.0.0.1:{server.server_port}/alerts")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
