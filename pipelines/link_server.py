"""`koers alerts serve`: the small endpoint behind the links in messages.

A mail scanner follows every link by GET, so GET only shows what would be done, and POST does it.
The signature in the path is the permission, so there is no cookie and nothing to forge. No request
line is logged, since it holds the permission.
"""

from __future__ import annotations

import contextlib
import http.server
import logging
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from connectors.core.errors import UnusableKeyError
from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings
from pipelines.watch.clicks import Look, click, look
from pipelines.watch.ledger import LedgerError
from pipelines.watch.link_pages import STYLE_HASH, busy_page, invalid_page, page
from pipelines.watch.links import LONGEST, BadLinkError, Signer, mark, resolve_signer

MOST_AT_ONCE = 16
SECONDS = 40.0
"""For a whole request. A writer of the ledger is waited for at most 30 seconds of it."""
SECONDS_TO_ASK = 10.0
LARGEST_BODY = 1024
"""Bytes. The form has no fields."""

_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Type": "text/html; charset=utf-8",
    "Connection": "close",
}
_STATUS = {"expired": HTTPStatus.GONE}
_log = logging.getLogger(__name__)


class LinkServerError(RuntimeError):
    """The endpoint cannot begin; the text says why."""


class LinkServer(http.server.ThreadingHTTPServer):
    """Serves a home's links, at most `MOST_AT_ONCE` requests at once; others wait in line."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        home: Home,
        settings: Settings,
        signer: Signer,
        clock: Clock = utc_now,
    ) -> None:
        self.home, self.settings, self.signer, self.clock = home, settings, signer, clock
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # A client that sends a byte now and then would keep its place for ever.
        ending = threading.Timer(SECONDS, _hang_up, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Only that it failed: a traceback may hold the path."""
        _log.warning("a request for a link failed")


class _Handler(http.server.BaseHTTPRequestHandler):
    server: LinkServer
    timeout = SECONDS_TO_ASK
    server_version = "Koers"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(acts=False)

    def do_HEAD(self) -> None:
        self._answer(acts=False)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        if int(length) > LARGEST_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        self.rfile.read(int(length))
        self._answer(acts=True)

    def _answer(self, *, acts: bool) -> None:
        token = self.path.rsplit("/", 1)[-1]
        served = self.server
        now = served.clock()
        try:
            if len(token) > LONGEST:
                raise BadLinkError
            allowed = served.signer.permission(token)
            do = click if acts else look
            seen: Look = do(served.home.ledger, allowed, mark(token), now)
        except BadLinkError:
            self._send(HTTPStatus.NOT_FOUND, invalid_page())
            return
        except (sqlite3.OperationalError, LedgerError) as error:
            _log.warning("A link could not be served: %s", error)
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, busy_page())
            return
        settings = served.settings
        text = page(allowed, seen, settings.zone, settings.currency)
        if acts and seen.found == "done":
            # To the page that says so; going back or reloading then asks nothing again.
            self._send(HTTPStatus.SEE_OTHER, text, Location=token)
            return
        self._send(_STATUS.get(seen.found, HTTPStatus.OK), text)

    def _send(self, status: HTTPStatus, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, said in (_HEADERS | headers).items():
            self.send_header(name, said)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The same page for whatever is asked wrongly; nothing of the request is said back."""
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self._send(HTTPStatus(code), invalid_page())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Nothing: the path is a permission."""


@contextlib.contextmanager
def serving(
    home: Home, settings: Settings, host: str, port: int, clock: Clock = utc_now
) -> Iterator[LinkServer]:
    """An endpoint that is bound and serves in the background; port 0 takes any.

    Raises UnusableKeyError, and OSError where the address cannot be bound.
    """
    with LinkServer((host, port), home, settings, resolve_signer(home.root), clock) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.2], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def serve(home: Home, settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serves until Ctrl-C. Raises LinkServerError where it cannot begin."""
    try:
        with serving(home, settings, host, port):
            say(
                f"Links of messages: http://{host}:{port} as {settings.alerts.links_url or 'unset'}"
            )
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
    except (OSError, UnusableKeyError) as error:
        raise LinkServerError(f"The links cannot be served on {host}:{port}: {error}") from error


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
