"""How requests prove whose they are. Each kind of credentials is an object; none is ever part of a
`Request`, a URL, an error or a log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl, quote, urlsplit

from connectors.core.api.clock import Clock
from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.errors import CredentialsError

Send = Callable[[Request, Mapping[str, str]], Response]
"""Sends a request with the given headers, and judges the answer as the client does."""

EARLY_SECONDS = 60.0


class Auth(Protocol):
    """Gives the headers of a request."""

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        """The headers to send now with a request to a URL (whole, with its query), for those that
        sign it. `send` fetches a token where one is needed."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """The vendor said 401 to these headers. Whether there may be better ones now."""


@runtime_checkable
class FormAuth(Auth, Protocol):
    """Credentials that also stand in the form of a request, where a vendor does not take them in a
    header. They are added when a request is sent, so that no `Request` ever holds them."""

    def form(self) -> Mapping[str, str]:
        """The form fields to send now."""


class FormToken:
    """A fixed token in a field of the form."""

    def __init__(self, name: str, value: str) -> None:
        self._form = {name: value}

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        return {}

    def form(self) -> Mapping[str, str]:
        return self._form

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class Header:
    """A fixed token in a header, as it is or behind a word such as Bearer. beside: headers that
    always go with it, such as the account's domain."""

    def __init__(self, name: str, value: str, beside: Mapping[str, str] | None = None) -> None:
        self._headers = {name: value, **(beside or {})}

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class OAuth:
    """OAuth 2.0 (RFC 6749): an access token from the token endpoint, used until shortly before it
    expires, and fetched again when the vendor says 401: once, also where several streams are told
    so at the same moment.

    path: of the token endpoint, or its whole URL, of an origin that the `Api` declares.
    grant: the form fields of the token request, or what makes them anew each time, where they are
        good for a while only; secrets in it stay here.
    hide: told each access token, to keep it out of every text.
    lifetime: seconds that a token lives where the answer does not say.
    """

    def __init__(
        self,
        path: str,
        grant: Mapping[str, str] | Callable[[], Mapping[str, str]],
        clock: Clock,
        hide: Callable[[str], None],
        *,
        lifetime: float = 1_500.0,
    ) -> None:
        self._path, self._grant = path, grant
        self._clock, self._hide, self._lifetime = clock, hide, lifetime
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] | None = None
        self._expires = 0.0

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
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
        grant = self._grant() if callable(self._grant) else self._grant
        answer = send(Request(self._path, method="POST", form=dict(grant), cost=0.0), {})
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


class Signed:
    """OAuth 1.0 (RFC 5849) by HMAC-SHA1, of a consumer alone ("one leg"): the key is sent, the
    secret only signs. Each request has a signature of its own, also where it is sent again."""

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        given = {
            "oauth_consumer_key": self._key,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(time.time())),
            "oauth_version": "1.0",
        }
        form = request.form or {}
        given["oauth_signature"] = signature(request.method, url, {**form, **given}, self._secret)
        told = ", ".join(f'{name}="{_encoded(value)}"' for name, value in given.items())
        return {"Authorization": f"OAuth {told}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


def signature(
    method: str, url: str, parameters: Mapping[str, str], secret: str, token_secret: str = ""
) -> str:
    """The signature of a request by RFC 5849, section 3.4. parameters: of the header and of a form,
    beside those of the query in the URL; a JSON body is not signed."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)):
        host += f":{parts.port}"
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *parameters.items()]
    listed = "&".join(
        f"{name}={value}" for name, value in sorted((_encoded(n), _encoded(v)) for n, v in pairs)
    )
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    base = "&".join(_encoded(each) for each in (method.upper(), address, listed))
    key = f"{_encoded(secret)}&{_encoded(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="~")
