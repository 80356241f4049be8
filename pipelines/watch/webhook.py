"""A webhook whose receiver can tell that it comes from Koers, and has not been sent before.

Signed as Standard Webhooks 1.0 says (standardwebhooks.com): `webhook-signature` is `v1,` and the
base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. The id is the key of the
message, the same each time it is sent; the timestamp is of the sending, in seconds. The body is
docs/alert-webhook.schema.json.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from pipelines.watch.outgoing import ChannelError, Outgoing

VERSION = 1
SHORTEST_SECRET = 24
TIMEOUTS = (5.0, 15.0)
"""Seconds to connect, and to wait for an answer."""

_PREFIX = "whsec_"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def send_signed(url: str, message: Outgoing) -> None:
    """Post it once. Only an answer 2xx means that it was taken; a redirect is not followed.

    Raises ChannelError, whose text holds no secret.
    """
    import requests

    body = json.dumps(payload(message), ensure_ascii=False, allow_nan=False).encode()
    headers = sign(message.key, int(message.at.timestamp()), body, message.secret or "")
    headers |= {"Content-Type": "application/json", "User-Agent": "Koers"}
    try:
        _check(url)
        # Not read: what it says besides the status is for nobody, and may be without end.
        with requests.post(
            url, data=body, headers=headers, timeout=TIMEOUTS, allow_redirects=False, stream=True
        ) as answer:
            status, wait = answer.status_code, _wait(answer.headers.get("Retry-After", ""))
    except requests.Timeout as error:
        raise ChannelError("the receiver did not answer in time") from error
    except requests.RequestException as error:
        raise ChannelError(f"no connection ({type(error).__name__})") from error
    if not 200 <= status < 300:
        raise ChannelError(f"the receiver answered {status}", wait)


def sign(key: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a signed body. timestamp: seconds since 1970, UTC. secret: any text of at
    least 24 characters, or `whsec_` and base64. Raises ChannelError for one that is none."""
    signed = f"{key}.{timestamp}.".encode() + body
    digest = hmac.new(_bytes(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def payload(message: Outgoing) -> dict[str, Any]:
    """The body. A storm names the worst, and counts the others in `more`."""
    letter = message.letter
    return {
        "type": "koers.alerts",
        "version": VERSION,
        "id": message.key,
        "is_test": message.is_test,
        "publication_id": message.publication_id,
        "owner": message.owner,
        "channel": message.channel,
        "language": letter.language if letter else None,
        "title": message.title,
        "text": message.body,
        "alerts": [entry.alert for entry in letter.entries if entry.alert] if letter else [],
        "more": sum(n for section in letter.sections for _, n in section.rest) if letter else 0,
    }


def _wait(hint: str) -> float:
    """The seconds that a Retry-After names. A date, of whatever clock, is left to our own waits."""
    return float(hint) if hint.isascii() and hint.isdigit() and len(hint) < 10 else 0.0


def _bytes(secret: str) -> bytes:
    if len(secret) < SHORTEST_SECRET:
        raise ChannelError(f"its secret is shorter than {SHORTEST_SECRET} characters")
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ChannelError("its secret begins with whsec_, and is no base64 after that") from error


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise ChannelError("its URL is none") from error
    if not host or parts.scheme not in ("https", "http"):
        raise ChannelError("its URL must begin with https://")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ChannelError("its URL must begin with https://: figures would go unencrypted")
