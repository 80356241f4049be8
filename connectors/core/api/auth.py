"""How requests prove whose they are. Each kind of credentials is an object; none is ever part of a
`Request`, a URL, an error or a log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from connectors.core.api.clock import Clock
from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.errors import CredentialsError

Send = Callable[[Request, Mapping[str, str]], Response]
"""Sends a request with the given headers, and judges the answer as the client does."""

EARLY_SECONDS = 60.0


class Auth(Protocol):
    """Gives the headers of a request."""

    def headers(self, send: Send) -> Mapping[str, str]:
        """The headers to send now. `send` fetches a token where one is needed."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """The vendor said 401 to these headers. Whether there may be better ones now."""


class Header:
    """A fixed token in a header, as it is or behind a word such as Bearer. beside: headers that
    always go with it, such as the account's domain."""

    def __init__(self, name: str, value: str, beside: Mapping[str, str] | None = None) -> None:
        self._headers = {name: value, **(beside or {})}

    def headers(self, send: Send) -> Mapping[str, str]:
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class OAuth:
    """OAuth 2.0 (RFC 6749): an access token from the token endpoint, used until shortly before it
    expires, and fetched again when the vendor says 401: once, also where several streams are told
    so at the same moment.

    grant: the form fields of the token request; secrets in it stay here.
    hide: told each access token, to keep it out of every text.
    lifetime: seconds that a token lives where the answer does not say.
    """

    def __init__(
        self,
        path: str,
        grant: Mapping[str, str],
        clock: Clock,
        hide: Callable[[str], None],
        *,
        lifetime: float = 1_500.0,
    ) -> None:
        self._request = Request(path, method="POST", form=dict(grant), cost=0.0)
        self._clock, self._hide, self._lifetime = clock, hide, lifetime
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] | None = None
        self._expires = 0.0

    def headers(self, send: Send) -> Mapping[str, str]:
        with self._lock:
            if self._headers is None or self._clock.monotonic() >= self._expires - EARLY_SECONDS:
                self._fetch(send)
            return self._headers or {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        with self._lock:
            if self._headers is not None and self._headers == refused:
                self._headers = None
            return True

    def _fetch(self, send: Send) -> None:
        answer = send(self._request, {})
        try:
            content = answer.json()
            token, seconds = content["access_token"], content.get("expires_in")
        except (MalformedError, KeyError, TypeError, AttributeError):
            token, seconds = None, None
        if not isinstance(token, str) or not token:
            raise CredentialsError("the token endpoint gave no access token; check the credentials")
        self._hide(token)
        self._headers = {"Authorization": f"Bearer {token}"}
        try:
            lifetime = float(seconds) if seconds is not None else self._lifetime
        except (TypeError, ValueError):
            lifetime = self._lifetime
        # Where a token lives for less than that, the vendor's 401 renews it.
        self._expires = self._clock.monotonic() + max(lifetime, 2 * EARLY_SECONDS)
