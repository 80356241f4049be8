"""Time as the client sees it, so that a test need not wait."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Protocol, runtime_checkable

from connectors.core.errors import StoppedError


class Clock(Protocol):
    def now(self) -> dt.datetime:
        """The time in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None: ...


@runtime_checkable
class BreaksOff(Protocol):
    """Something that may keep a thread waiting for minutes."""

    def break_off(self) -> None:
        """From any thread: end every wait there is, and those that come."""


class SystemClock:
    """The real one. Raises StoppedError in who sleeps, once it was broken off."""

    def __init__(self) -> None:
        self._broken_off = threading.Event()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._broken_off.wait(max(0.0, seconds)):
            raise StoppedError("the pull was stopped")

    def break_off(self) -> None:
        self._broken_off.set()
