"""Bounds on one exchange with a service that somebody else's library speaks to.

Where: public addresses and this machine; the own network only where the channel says so; the
addresses of cloud metadata (link-local) never. The address is looked at when the connection is
made, after the name was resolved, so that a name that changes its address in between gains nothing.
Over the internet only encrypted. How long: a deadline for all of it, since a server that drips a
byte now and then resets every ordinary timeout. How much: of an HTTP answer at most
`LARGEST_ANSWER` bytes are read.

Python tells of every connection before it is made (audit event `socket.connect`), whichever library
makes it. Held to the bounds is what the block calls, also in threads to which its context is handed
on, as Apprise does.
"""

from __future__ import annotations

import contextlib
import contextvars
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LARGEST_ANSWER = 64 * 1024
DEADLINE_SECONDS = 60.0

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedAddressError(OSError):
    """A connection that is not made; the text says to where, and what may be said about it."""


@dataclass
class Exchange:
    """One exchange under bounds. `refused` is set when a connection was refused, `expired` when
    the deadline passed."""

    private_network: bool
    refused: RefusedAddressError | None = None
    expired: bool = False
    _lines: list[socket.socket] = field(default_factory=list)

    def must_be_encrypted(self, url: str) -> None:
        """Raises RefusedAddressError where figures would go over the internet as they are."""
        parts = urlsplit(url)
        if parts.scheme == "http" and not self.private_network and not is_here(parts.hostname):
            self.refused = RefusedAddressError(
                "it would go unencrypted: write the URL that ends in s (jsons:// for json://), or "
                "`private_network: true` of a channel in your own network"
            )
            raise self.refused

    def _about_to_connect(self, line: socket.socket, address: Any) -> None:
        if not isinstance(address, tuple) or self.expired:
            return
        try:
            check(address[0], private_network=self.private_network)
        except RefusedAddressError as error:
            self.refused = error
            raise
        # A second handle on the same connection: TLS takes the first one over.
        with contextlib.suppress(OSError):
            self._lines.append(line.dup())

    def _expire(self) -> None:
        self.expired = True
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        for line in self._lines:
            line.close()


def is_here(host: str | None) -> bool:
    """Whether a host is this machine, by its name or address."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host or "").is_loopback
    return host == "localhost"


def check(host: str, *, private_network: bool) -> None:
    """Raises RefusedAddressError for an IP address to which nothing is sent."""
    try:
        address: _Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return  # a name, which the library resolves and connects to by address
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise RefusedAddressError(f"its host is {address}, to which nothing is ever sent")
    if not address.is_global and not private_network:
        raise RefusedAddressError(
            f"its host is {address}, inside a private network; say `private_network: true` of the "
            "channel in koers.yaml if that is meant"
        )


@contextlib.contextmanager
def bounded(
    *, private_network: bool = False, deadline_seconds: float = DEADLINE_SECONDS
) -> Iterator[Exchange]:
    """Hold what is sent and read in the block to the bounds; see the module."""
    _install()
    exchange = Exchange(private_network)
    timer = threading.Timer(deadline_seconds, exchange._expire)
    timer.daemon = True
    before = _held.set(exchange)
    timer.start()
    try:
        yield exchange
    finally:
        _held.reset(before)
        timer.cancel()
        exchange._close()


_held: contextvars.ContextVar[Exchange | None] = contextvars.ContextVar("exchange", default=None)
_installed = threading.Lock()


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and (exchange := _held.get()) is not None:
        exchange._about_to_connect(*arguments)


def _install() -> None:
    """Once a process: a hook of Python's cannot be taken away again."""
    if _installed.acquire(blocking=False):
        sys.addaudithook(_on_event)
        _cap_answers()


def _cap_answers() -> None:
    """Apprise reads answers whole, through `requests`, and offers no other way: so the reading
    itself is capped, where it is held to the bounds."""
    import requests
    import urllib3

    send = requests.Session.send

    def capped(self: requests.Session, request: Any, **options: Any) -> requests.Response:
        exchange = _held.get()
        if exchange is None:
            return send(self, request, **options)
        exchange.must_be_encrypted(request.url)
        if options.get("stream"):
            return send(self, request, **options)
        answer = send(self, request, **{**options, "stream": True})
        try:
            body = answer.raw.read(LARGEST_ANSWER, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            kind = type(error).__name__
            raise requests.ConnectionError(f"the answer broke off ({kind})") from None
        finally:
            answer.close()
        answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined]
        return answer

    requests.Session.send = capped  # type: ignore[method-assign]
