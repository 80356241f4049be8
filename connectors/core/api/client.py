"""One account's API: sends requests politely, and gives back answers that are known to be good.

Every answer gets a verdict, the vendor's own where it has one. What may pass is tried again within
bounds; what is final is raised with what happened, where, and what to do. Used by several threads
at once.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from connectors.core.api.auth import Auth, FormAuth
from connectors.core.api.clock import BreaksOff, Clock, SystemClock
from connectors.core.api.limits import Limit, RateLimiter, backoff, retry_after
from connectors.core.api.messages import Json, MalformedError, Request, Response
from connectors.core.api.transport import (
    BrokenExchangeError,
    Transport,
    origin,
    resolve_url,
)
from connectors.core.api.values import Values
from connectors.core.errors import (
    CredentialsError,
    ExpiredError,
    LimitedError,
    RefusedError,
    SourceError,
    UnavailableError,
    UnsafeAddressError,
)

T = TypeVar("T")
ATTEMPTS = 6
PATIENCE_SECONDS = 600.0
"""The longest that one request may spend on waiting to be tried again, all waits together."""

Outcome = Literal["good", "again", "renew", "denied", "refused", "expired", "spent"]


@dataclass(frozen=True)
class Verdict:
    """What an answer means.

    outcome: `good` (with `wait` and `pause`: the last one for so long); `again`, after `wait`
        seconds or else a growing while; `renew`, since the credentials expired; `denied`, they do
        not suffice; `refused`; `expired`, the page token no longer holds; `spent`, the budget is
        used up and asking again does not help today.
    pause: whether all streams of the account wait, not only this request.
    """

    outcome: Outcome
    reason: str = ""
    wait: float | None = None
    pause: bool = False


Judge = Callable[[Response], Verdict | None]


class Client:
    """See the module.

    judge: the vendor's own reading of an answer; None from it leaves the general one.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        transport: Transport,
        auth: Auth,
        values: Values,
        limits: Iterable[Limit] = (),
        judge: Judge = lambda _: None,
        clock: Clock | None = None,
    ) -> None:
        self.name, self.base_url = name, base_url
        self._origin = origin(base_url)
        self._transport, self._auth, self._values = transport, auth, values
        # Looked at once: what a protocol is asked for takes longer than to build a request.
        self._form = auth.form if isinstance(auth, FormAuth) else None
        self._clock = clock or SystemClock()
        self._limiter = RateLimiter(limits, self._clock)
        self._judge = judge
        self._lock = threading.Lock()
        self.requests = self.retries = 0
        self._requested: Callable[[int], None] = lambda _: None

    def close(self) -> None:
        self._transport.close()

    def break_off(self) -> None:
        """End what waits for an answer or for its turn, in whatever thread: the pull is stopped."""
        for part in (self._clock, self._transport):
            if isinstance(part, BreaksOff):
                part.break_off()

    def counting(self, requested: Callable[[int], None] = lambda _: None) -> Client:
        """The same client, which counts its own requests, and tells how many at each: for one
        stream of several."""
        other = copy.copy(self)
        other.requests = other.retries = 0
        other._requested = requested
        return other

    def wait(self, seconds: float) -> None:
        """Wait, by the client's clock."""
        self._clock.sleep(seconds)

    def get(self, path: str, **params: str) -> Json:
        """The JSON content at a path. Raises what `send` raises."""
        return self.send(Request(path, params)).json()

    def send(
        self,
        request: Request,
        expect: Literal["json", "csv", "any"] = "json",
        check: Callable[[Response], object] = lambda _: None,
    ) -> Response:
        """Send a request; the answer is complete, and of the kind expected.

        check: raises MalformedError for an answer that is not what it should be; it is asked again.

        Raises CredentialsError, RefusedError, UnsafeAddressError, ExpiredError, UnavailableError
        (tried six times, or waited ten minutes), LimitedError.
        """
        return self._send(request, expect, check, None)

    def read(
        self, request: Request, expect: Literal["json", "csv", "any"], of: Callable[[Response], T]
    ) -> T:
        """What `of` makes of the answer, made once; where it raises MalformedError, the request is
        sent again. Raises what `send` raises."""
        made: list[T] = []
        self.send(request, expect, lambda answer: made.append(of(answer)))
        return made[-1]

    def _send(
        self,
        request: Request,
        expect: str,
        check: Callable[[Response], object],
        fixed: Mapping[str, str] | None,
    ) -> Response:
        url = resolve_url(self.base_url, request.path, request.query)
        # What an answer leads to is of the account's own address; only tokens come from elsewhere.
        if fixed is None and origin(url) != self._origin:
            raise UnsafeAddressError(
                f"the answer leads to {origin(url)}, but the account is at {self._origin}; "
                "nothing was sent there"
            )
        waited, renewed = 0.0, False
        for attempt in range(1, ATTEMPTS + 1):
            headers = fixed
            if headers is None:
                headers = self._auth.headers(self._fetch_token, request, url)
            self._limiter.acquire(request.cost, request.path)
            with self._lock:
                self.requests += 1
                self.retries += attempt > 1
            self._requested(self.requests)
            sent = {**request.headers, **headers}
            verdict, response = self._ask(url, self._signed(request, fixed), sent, expect, check)
            if verdict.outcome == "good" and response is not None:
                if verdict.pause and verdict.wait:
                    self._limiter.pause(verdict.wait)
                return response
            if verdict.outcome == "renew" and not renewed and fixed is None:
                renewed = True
                if self._auth.renew(headers):
                    continue
            if verdict.outcome != "again":
                raise self._error(verdict, request)
            wait = verdict.wait or backoff(attempt)
            if attempt == ATTEMPTS or waited + wait > PATIENCE_SECONDS or not request.repeatable:
                raise self._error(verdict, request, attempt, wait)
            waited += wait
            if verdict.pause:
                self._limiter.pause(wait)
            else:
                self._clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _signed(self, request: Request, fixed: Mapping[str, str] | None) -> Request:
        """The request as it is sent, with credentials that stand in its form."""
        if fixed is not None or self._form is None:
            return request
        return replace(request, form={**(request.form or {}), **self._form()})

    def _fetch_token(self, request: Request, headers: Mapping[str, str]) -> Response:
        try:
            return self._send(request, "json", lambda _: None, headers)
        except RefusedError as error:
            raise CredentialsError(f"{error} Check the credentials.") from None

    def _ask(
        self,
        url: str,
        request: Request,
        headers: Mapping[str, str],
        expect: str,
        check: Callable[[Response], object],
    ) -> tuple[Verdict, Response | None]:
        try:
            response = self._transport.send(url, request, headers)
        except BrokenExchangeError as error:
            return Verdict("again", str(error)), None
        verdict = self._judge(response) or _general(response, self._clock)
        if verdict.outcome == "good":
            verdict = _shape(response, expect, check) or verdict
        return verdict, response

    def _error(
        self, verdict: Verdict, request: Request, attempts: int = 1, wait: float = 0.0
    ) -> SourceError:
        where = f"{self.name}: {request.method} {request.path.split('?')[0]}"
        reason = verdict.reason or "no reason was given"
        if verdict.outcome == "expired":
            kind: type[SourceError] = ExpiredError
            text = f"{where}: {reason}."
        elif verdict.outcome in ("renew", "denied"):
            kind = CredentialsError
            text = f"{where}: {reason}. Check the credentials and their rights: koers connect "
            text += self.name
        elif verdict.outcome == "refused":
            kind, text = RefusedError, f"{where}: {reason}."
        elif verdict.outcome == "spent":
            kind = LimitedError
            text = f"{where}: {reason}. What is there is kept; the next run goes on."
        elif verdict.pause:
            kind = LimitedError
            text = f"{where}: {reason}; asked {attempts} times, and is to wait {wait:,.0f} s more."
        else:
            kind = UnavailableError
            text = f"{where}: {reason}; asked {attempts} times. The next run tries again."
        return kind(self._values.redact(text))


def _general(response: Response, clock: Clock) -> Verdict:
    """What an answer means where the vendor has no words of its own for it (RFC 9110, 6585)."""
    status = response.status
    if 200 <= status < 300:
        return Verdict("good")
    reason = f"HTTP {status}{_words(response)}"
    hint = retry_after(response.headers.get("retry-after"), clock.now())
    if status == 401:
        return Verdict("renew", reason)
    if status == 403:
        return Verdict("denied", reason)
    if status == 410:
        return Verdict("expired", reason)
    if status == 429:
        return Verdict("again", reason, hint, pause=True)
    if status in (408, 423, 425) or status >= 500:
        return Verdict("again", reason, hint)
    return Verdict("refused", reason)


def _shape(response: Response, expect: str, check: Callable[[Response], object]) -> Verdict | None:
    """A log-in page or a notice of maintenance often comes with status 200."""
    kind = response.content_type
    if expect != "any" and expect not in kind and response.status != 204:
        return Verdict("again", f"answered {kind or 'without a content type'}, not {expect}")
    try:
        if expect == "json":
            response.json()
        check(response)
    except MalformedError as error:
        return Verdict("again", f"the answer {error}")
    return None


def _words(response: Response) -> str:
    """The vendor's own message, where it gives one."""
    if "json" not in response.content_type:
        return ""
    try:
        content = response.json()
    except MalformedError:
        return ""
    if isinstance(content, list) and content:
        content = content[0]
    if isinstance(content, dict) and isinstance(content.get("error"), dict):
        content = content["error"]
    if not isinstance(content, dict):
        return ""
    words = (content.get(name) for name in ("error_description", "message", "error"))
    found = next((w for w in words if isinstance(w, str) and w), "")
    return f" ({found[:200]})" if found else ""
