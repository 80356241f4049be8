"""Sends one request and reads the answer whole, or not at all.

What `requests` leaves open is closed here: a deadline for the whole exchange (a server that drips a
byte now and then resets every ordinary timeout), a cap on the body after decompression, no
redirects, no cookies kept, no credentials from `.netrc`. Only the given origins are ever contacted.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.core.api.messages import Request, Response
from connectors.core.errors import TransientError, UnsafeAddressError

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
DEADLINE_SECONDS = 180.0
LARGEST_BODY = 256 * 1024 * 1024
_CHUNK = 1 << 16
_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
USER_AGENT = "koers"


class BrokenExchangeError(TransientError):
    """No whole answer came: no connection, a timeout, a cut or an oversized body."""


class Transport(Protocol):
    """Sends a request with headers to an absolute URL. Raises BrokenExchangeError, and
    UnsafeAddressError for an address that is not the account's."""

    def send(self, url: str, request: Request, headers: Mapping[str, str]) -> Response: ...

    def close(self) -> None: ...


def origin(url: str) -> str:
    """Scheme, host and port of a URL, spelled in one way. Raises UnsafeAddressError for a URL
    without them, with a user name in it, or with a scheme that is not encrypted and a host that is
    not this machine."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError:
        raise UnsafeAddressError("an address that cannot be read was refused") from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise UnsafeAddressError("an address without a plain host name was refused")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise UnsafeAddressError(
            f"http://{host} was refused: credentials go over https, or to this machine only"
        )
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def resolve_url(base: str, path: str, query: str) -> str:
    """The absolute URL of a path under the base URL; a whole URL stays as it is. Raises
    UnsafeAddressError for one that cannot be read."""
    if "://" in path.split("?")[0] or path.startswith("//"):
        try:
            url = urljoin(base, path)
        except ValueError:
            raise UnsafeAddressError("an address that cannot be read was refused") from None
    else:
        url = base.rstrip("/") + "/" + path.lstrip("/")
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _target(url: str) -> str:
    """Path and query of an absolute URL."""
    parts = urlsplit(url)
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _body(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """The body of a request, and the header that says what it is."""
    if request.json is not None:
        return json.dumps(request.json).encode(), {"Content-Type": "application/json"}
    if request.form is not None:
        kind = "application/x-www-form-urlencoded"
        return urlencode(request.form).encode(), {"Content-Type": kind}
    return None, {}


class HttpTransport:
    """See the module. origins: the base URLs whose origins may be contacted."""

    def __init__(
        self,
        *origins: str,
        deadline_seconds: float = DEADLINE_SECONDS,
        largest_body: int = LARGEST_BODY,
        connections: int = 8,
    ) -> None:
        self._origins = {origin(url) for url in origins}
        self._deadline_seconds, self._largest_body = deadline_seconds, largest_body
        self._watchdog = _Watchdog()
        # The adapter alone, without a session: that would keep cookies, follow redirects, read a
        # .netrc in the place of the credentials, and look up proxies for each request.
        self._verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        self._proxies = {at: dict(get_environ_proxies(at)) for at in self._origins}
        self._adapter = _Adapter(pool_maxsize=connections)
        self._pools: dict[str, Any] = {}
        self._timeout = urllib3.Timeout(
            connect=CONNECT_SECONDS, read=min(READ_SECONDS, deadline_seconds)
        )

    def break_off(self) -> None:
        """See `clock.BreaksOff`."""
        self._watchdog.break_off()

    def close(self) -> None:
        self._adapter.close()
        self._watchdog.stop()

    def send(self, url: str, request: Request, headers: Mapping[str, str]) -> Response:
        """See `Transport`."""
        at = origin(url)
        if at not in self._origins:
            raise UnsafeAddressError(
                f"the answer leads to {at}, but the account is at {', '.join(self._origins)}; "
                "nothing was sent there"
            )
        body, kind = _body(request)
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **kind, **headers}
        with self._watchdog.until(self._deadline_seconds) as watch:
            try:
                pool = self._pool(at)
                through_proxy = pool.proxy is not None and pool.scheme == "http"
                answer = pool.urlopen(
                    request.method,
                    url if through_proxy else _target(url),
                    body=body,
                    headers=sent,
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    timeout=self._timeout,
                    preload_content=False,
                    decode_content=False,
                )
                whole = self._read(answer)
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
                ValueError,
            ) as error:
                # The texts of these errors hold the URL: only the kind is told.
                raise BrokenExchangeError(
                    f"no whole answer within {self._deadline_seconds:g} s"
                    if watch.expired or isinstance(error, _TIMEOUTS)
                    else f"the connection failed or broke off ({type(error).__name__})"
                ) from None
            if watch.expired:
                raise BrokenExchangeError(f"no whole answer within {self._deadline_seconds:g} s")
        if 300 <= answer.status < 400:
            raise UnsafeAddressError("the answer is a redirect, which is never followed")
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, found, whole)

    def _pool(self, at: str) -> Any:
        """The connections to an origin, as `requests` makes them: certificates, proxies. An
        exchange goes over them without what `requests` does for each: half of its time."""
        if at not in self._pools:
            asked = requests.Request("GET", at).prepare()
            pool = self._adapter.get_connection_with_tls_context(
                asked, self._verify, proxies=self._proxies[at]
            )
            self._adapter.cert_verify(pool, at, self._verify, None)  # type: ignore[no-untyped-call]
            self._pools[at] = pool
        return self._pools[at]

    def _read(self, raw: Any) -> bytes:
        parts, size = [], 0
        inflated = _Inflated(raw.headers.get("Content-Encoding", ""))
        try:
            while chunk := raw.read(_CHUNK, decode_content=False):
                part = inflated.take(chunk)
                size += len(part)
                if size > self._largest_body:
                    raise BrokenExchangeError(f"the answer is larger than {self._largest_body:,} B")
                parts.append(part)
            inflated.end()
            raw.release_conn()
        except BaseException:
            raw.close()
            raise
        return b"".join(parts)


class _Inflated:
    """The bytes of a body as they were before the server packed them. Unlike urllib3's own, it
    knows when the end is missing: half of a packed body may be a good half of a list."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in ("", "identity", "gzip", "x-gzip"):
            raise BrokenExchangeError("the answer is packed in a way that was not asked for")
        self._packed: zlib._Decompress | None = None
        self._is_plain = self._encoding in ("", "identity")

    def take(self, data: bytes) -> bytes:
        if self._is_plain:
            return data
        parts = []
        while data:
            # A packed body may be several, one after another (RFC 1952, 2.2).
            if self._packed is None or self._packed.eof:
                self._packed = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                parts.append(self._packed.decompress(data))
            except zlib.error:
                raise BrokenExchangeError("the answer is not packed as it says") from None
            data = self._packed.unused_data
        return b"".join(parts)

    def end(self) -> None:
        if self._packed is not None and not self._packed.eof:
            raise BrokenExchangeError("the connection broke off within a packed answer")


class _Watch:
    """One exchange: the connection that it goes over, and until when."""

    def __init__(self, until: float) -> None:
        self.until, self.expired = until, False
        self.connection: HTTPConnection | None = None

    def expire(self) -> None:
        self.expired = True
        found = getattr(self.connection, "sock", None)
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)


_CURRENT = threading.local()


class _Watchdog:
    """Breaks off exchanges that take too long, from a thread of its own: the thread that waits in
    a socket cannot look at a clock."""

    def __init__(self) -> None:
        self._watches: set[_Watch] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = self._broken_off = False

    @contextlib.contextmanager
    def until(self, seconds: float) -> Iterator[_Watch]:
        watch = _Watch(time.monotonic() + seconds)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="deadlines")
                self._thread.start()
            self._watches.add(watch)
        _CURRENT.watch = watch
        try:
            yield watch
        finally:
            _CURRENT.watch = None
            with self._changed:
                self._watches.discard(watch)

    def break_off(self) -> None:
        with self._changed:
            self._broken_off = True
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                for watch in self._watches:
                    # Again and again: the connection may be made after the deadline.
                    if self._broken_off or watch.until <= now:
                        watch.expire()
                self._changed.wait(0.05)


def _note(connection: HTTPConnection) -> None:
    watch = getattr(_CURRENT, "watch", None)
    if watch is not None:
        watch.connection = connection


class _Plain(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


class _Encrypted(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PlainPool,
            "https": _EncryptedPool,
        }
