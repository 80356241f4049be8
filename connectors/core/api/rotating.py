"""OAuth 2.0 with a refresh token that is replaced at each use (RFC 6749 6, RFC 9700 4.14.2).

The vendor hands out a new refresh token with each access token and revokes the one before. So the
newest one must be on the disk before anything else happens, or the account is lost until somebody
logs in again. It is kept, with the access token, in a file that Koers rewrites:

    write down that a token is asked for ▶ ask ▶ write down the new tokens ▶ use the access token

Each writing is a new file, flushed, that takes the place of the old one; a process that is killed
leaves one or the other. One process at a time asks (a lock beside the file), and each looks into
the file first, since another may just have done it. A process that was killed between the answer
and the writing has lost what the vendor said; the next one tries the token that it has, and tells
what to do where the vendor no longer takes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from connectors.core.api.auth import Send
from connectors.core.api.client import Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.messages import Json, MalformedError, Request, Response
from connectors.core.durable import sync
from connectors.core.errors import CredentialsError, LimitedError
from connectors.core.failpoints import failpoint
from connectors.core.locks import WAIT_SECONDS, exclusive

INVALID_GRANT = "invalid_grant"
DAY_SECONDS = 86_400.0


def judge_grant(response: Response) -> Verdict | None:
    """A refusal of the refresh token, for the judge of a connector: its text says so in the
    standard's word, whatever words the vendor has."""
    if response.status not in (400, 401) or "json" not in response.content_type:
        return None
    with contextlib.suppress(MalformedError):
        content = response.json()
        if isinstance(content, dict) and content.get("error") == INVALID_GRANT:
            return Verdict("refused", f"the refresh token is not valid ({INVALID_GRANT})")
    return None


@dataclass(frozen=True)
class Tokens:
    """What the file holds. Moments are seconds since 1970 (UTC), 0 for never.

    asked_at: when the access token was handed out. expires_at: until when it lives. asking_at: when
    a token was asked for of which no answer has been kept yet. day, asked: how often tokens were
    asked for on that day (UTC, days since 1970).
    """

    refresh_token: str
    access_token: str = ""
    asked_at: float = 0.0
    expires_at: float = 0.0
    asking_at: float = 0.0
    day: int = 0
    asked: int = 0


class TokenFile:
    """A file with one account's tokens, readable by its owner only.

    At first it holds the refresh token alone, as the person wrote it there; then JSON.
    """

    def __init__(self, path: Path, variable: str) -> None:
        # Where it is a link, what it leads to is replaced.
        self.path = path.resolve()
        self.variable = variable

    @property
    def lock(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def read(self) -> Tokens:
        """Raises CredentialsError where there is no token in it."""
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(f"cannot be read ({type(error).__name__})") from None
        if not text:
            raise self.error("is empty")
        if not text.startswith("{"):
            if any(not 32 < ord(c) < 127 for c in text):
                raise self.error("holds more than a token; put the refresh token alone in it")
            return Tokens(text)
        try:
            found: dict[str, Any] = json.loads(text)
            asked_at, expires_at, asking_at = (
                float(found[name]) for name in ("asked_at", "expires_at", "asking_at")
            )
            day, asked = int(found["day"]), int(found["asked"])
            tokens = Tokens(
                str(found["refresh_token"]),
                str(found["access_token"]),
                asked_at,
                expires_at,
                asking_at,
                day,
                asked,
            )
        except (ValueError, KeyError, TypeError):
            raise self.error("is damaged; put a new refresh token alone in it") from None
        return tokens

    def write(self, tokens: Tokens) -> None:
        """Put the tokens in the place of the old ones, durably; under the lock. Raises
        CredentialsError."""
        temporary = self.path.with_name(f".{self.path.name}.new")
        try:
            # What a killed process left behind; nobody else writes, under the lock.
            temporary.unlink(missing_ok=True)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(json.dumps(asdict(tokens)) + "\n")
                file.flush()
                os.fsync(file.fileno())
            failpoint("token.before_rename")
            temporary.replace(self.path)
            sync(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise self.error(
                f"cannot be rewritten ({type(error).__name__}); it must lie in a folder that Koers "
                "may write in"
            ) from None

    def error(self, what: str) -> CredentialsError:
        return CredentialsError(f"{self.variable}: {self.path} {what}")


class Rotating:
    """See the module. An `Auth`.

    path, grant: of the token request; `refresh_token` is added. soonest: seconds after which the
    vendor gives a new access token at the earliest; the old one is used until then, also by the
    next run. lifetime: seconds that a token lives where the answer does not say. per_day: how many
    tokens the vendor gives on a day at most. login: what to do where the refresh token is lost.
    """

    def __init__(
        self,
        path: str,
        grant: Mapping[str, str],
        file: TokenFile,
        clock: Clock,
        hide: Callable[[str], None],
        *,
        login: str,
        lifetime: float = 600.0,
        soonest: float = 0.0,
        per_day: int | None = None,
    ) -> None:
        self._path, self._grant, self._file = path, dict(grant), file
        self._clock, self._hide, self._login = clock, hide, login
        self._lifetime, self._soonest, self._per_day = lifetime, soonest, per_day
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._refused = ""

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        with self._lock:
            if self._tokens is None or not self._is_good(self._tokens):
                # Whoever holds it may be waiting for the vendor to give another token.
                wait = WAIT_SECONDS + self._soonest
                with exclusive(self._file.lock, "renewing a token", wait_seconds=wait):
                    self._renew(send)
            return _bearer(self._tokens.access_token) if self._tokens else {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        with self._lock:
            if self._tokens is not None and _bearer(self._tokens.access_token) == refused:
                self._refused = self._tokens.access_token
            return True

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _is_good(self, tokens: Tokens) -> bool:
        """Whether the access token may be used: until shortly before its end, where the vendor
        gives another one by then."""
        if not tokens.access_token or tokens.access_token == self._refused:
            return False
        until = max(tokens.asked_at + self._soonest, tokens.expires_at - 60.0)
        return self._now() < min(until, tokens.expires_at)

    def _renew(self, send: Send) -> None:
        """Under the lock of the file."""
        tokens = self._file.read()
        for token in (tokens.refresh_token, tokens.access_token):
            self._hide(token)
        self._tokens = tokens
        if self._is_good(tokens):
            return
        now = self._now()
        day = int(now // DAY_SECONDS)
        asked = tokens.asked if tokens.day == day else 0
        if self._per_day is not None and asked >= self._per_day:
            raise LimitedError(
                f"{self._file.variable}: {asked} access tokens were asked for today, and the "
                "vendor gives no more. The next run goes on."
            )
        # A clock that was set back must not make anybody wait for hours.
        early = min(tokens.asked_at + self._soonest - now, self._soonest)
        if tokens.access_token and early > 0:
            self._clock.sleep(early)
            now = self._now()
        asking = replace(tokens, asking_at=now, day=day, asked=asked + 1)
        # Also proves that the file can be rewritten, before the vendor revokes what is in it.
        self._file.write(asking)
        failpoint("token.before_asking")
        form = {**self._grant, "refresh_token": tokens.refresh_token}
        request = Request(self._path, method="POST", form=form, cost=0.0)
        try:
            answer = send(request, {})
        except CredentialsError as error:
            # The vendor did answer: what is on the disk is as good or bad as it was before.
            self._file.write(replace(asking, asking_at=tokens.asking_at))
            raise self._lost(error, tokens) from None
        found = self._tokens_of(answer, asking)
        failpoint("token.before_saving")
        self._file.write(found)
        failpoint("token.after_saving")
        self._tokens = found

    def _tokens_of(self, answer: Response, asking: Tokens) -> Tokens:
        try:
            content: Json = answer.json()
            access, refresh = content["access_token"], content["refresh_token"]
            seconds = content.get("expires_in")
        except (MalformedError, KeyError, TypeError, AttributeError):
            access = refresh = seconds = None
        if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
            raise CredentialsError(
                f"{self._file.variable}: the token endpoint gave no new tokens. {self._login}"
            )
        self._hide(access)
        self._hide(refresh)
        try:
            lifetime = float(seconds) if seconds is not None else self._lifetime
        except (TypeError, ValueError):
            lifetime = self._lifetime
        return Tokens(
            refresh,
            access,
            asking.asking_at,
            asking.asking_at + lifetime,
            day=asking.day,
            asked=asking.asked,
        )

    def _lost(self, error: CredentialsError, tokens: Tokens) -> CredentialsError:
        if INVALID_GRANT not in str(error):
            return CredentialsError(str(error))
        why = (
            "A run was ended after the vendor replaced it and before the new one could be kept"
            if tokens.asking_at
            else "It was used elsewhere or not for too long, or its successor got lost on the way"
        )
        return CredentialsError(f"{error} {why}. {self._login}")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
