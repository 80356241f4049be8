"""A vendor that hands out a new refresh token with each access token, and revokes the old ones."""

from __future__ import annotations

import threading
from pathlib import Path

from connectors.core.api.client import Client
from connectors.core.api.clock import Clock, SystemClock
from connectors.core.api.rotating import Rotating, TokenFile, judge_grant
from connectors.core.api.transport import HttpTransport
from connectors.core.api.values import Values, Variable
from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply

VARIABLE = "KOERS_THING_REFRESH_TOKEN_FILE"
LOGIN = "Log in again and put the new refresh token in that file."


class Vendor:
    """`events`: what it did, in order. `clock`: refuses a token sooner than `soonest` seconds
    after the one before."""

    def __init__(self, clock: Clock | None = None, soonest: float = 0.0) -> None:
        self.refresh_token, self.access_token = "refresh-token-0", "none-yet"
        self.events: list[str] = []
        self.number = 0
        self._clock, self._soonest, self._last = clock or SystemClock(), soonest, -1e9
        self._lock = threading.Lock()

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        with self._lock:
            if call.path == "/token":
                return self._token(call.form())
            if call.headers.get("authorization") != f"Bearer {self.access_token}":
                self.events.append("401")
                return Reply({"message": "no"}, 401)
            self.events.append(f"used {self.access_token}")
            return Reply({"things": []})

    def _token(self, form: dict[str, str]) -> Reply:
        if form["refresh_token"] != self.refresh_token:
            self.events.append("revoked")
            content = {"error": "invalid_grant", "error_description": "Token is not found"}
            return Reply(content, 400)
        if self._clock.monotonic() - self._last < self._soonest:
            self.events.append("too soon")
            return Reply({"error": "access_denied"}, 400)
        self._last = self._clock.monotonic()
        self.number += 1
        self.refresh_token = f"refresh-token-{self.number}"
        self.access_token = f"access-token-{self.number}"
        self.events.append(f"gave {self.access_token}")
        return Reply(
            {
                "access_token": self.access_token,
                "refresh_token": self.refresh_token,
                "expires_in": "600",
            }
        )


def client_of(url: str, file: Path, clock: Clock | None = None, per_day: int = 200) -> Client:
    """A client of the vendor, whose tokens are kept in the file."""
    clock = clock or SystemClock()
    values = Values([Variable("KEY", "")], {})
    auth = Rotating(
        "/token",
        {"grant_type": "refresh_token"},
        TokenFile(file, VARIABLE),
        clock,
        values.hide,
        login=LOGIN,
        soonest=570.0,
        per_day=per_day,
    )
    return Client(
        "thing",
        url,
        transport=HttpTransport(url),
        auth=auth,
        values=values,
        judge=judge_grant,
        clock=clock,
    )
