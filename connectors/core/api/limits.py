"""How often a vendor may be asked, and how long to wait before asking again."""

from __future__ import annotations

import datetime as dt
import email.utils
import random
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.core.api.clock import Clock


@dataclass(frozen=True)
class Limit:
    """At most `cost` (requests, or the vendor's tokens) in any `seconds`; of the requests whose
    path ends so, where `only` says."""

    cost: float
    seconds: float
    only: str = ""


class RateLimiter:
    """Holds several limits at once, for all streams of an account together."""

    def __init__(self, limits: Iterable[Limit], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows = [_Window(limit) for limit in limits]
        self._not_before = 0.0

    def acquire(self, cost: float, path: str) -> None:
        """Wait until a request of that cost may be sent to that path."""
        while (wait := self._try(cost, path)) > 0:
            self._clock.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Let nobody send for a while: the vendor said so."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def _try(self, cost: float, path: str) -> float:
        with self._lock:
            now = self._clock.monotonic()
            holding = [each for each in self._windows if path.endswith(each.limit.only)]
            waits = [self._not_before - now, *(each.wait(cost, now) for each in holding)]
            if max(waits) <= 0:
                for each in holding:
                    each.spend(cost, now)
            return max(waits)


class _Window:
    """What was spent of one limit."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._sent: deque[tuple[float, float]] = deque()
        self._spent = 0.0

    def wait(self, cost: float, now: float) -> float:
        """Seconds until so much may be spent."""
        while self._sent and self._sent[0][0] <= now - self.limit.seconds:
            self._spent -= self._sent.popleft()[1]
        left, wait = self._spent, 0.0
        for at, freed in self._sent:
            if left + cost <= self.limit.cost:
                break
            left -= freed
            wait = at + self.limit.seconds - now
        return wait

    def spend(self, cost: float, now: float) -> None:
        self._sent.append((now, cost))
        self._spent += cost


FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


def backoff(attempt: int) -> float:
    """Seconds to wait after the given attempt (1, 2, ...) failed: a random part of 1, 2, 4, ...
    up to 60, so that many clients do not come back at once ("full jitter", AWS Architecture Blog,
    2015), but never less than a tenth."""
    highest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
    # It spreads load, and guards nothing.
    return highest * random.uniform(0.1, 1.0)  # noqa: S311 # nosec B311


def retry_after(text: str | None, now: dt.datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (a number or an HTTP date, RFC 9110 10.2.3);
    None where it says nothing usable."""
    if not text:
        return None
    try:
        return max(0.0, float(text)) if float(text) < 1e9 else None
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
