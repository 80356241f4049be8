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
        self._windows = [(limit, deque[tuple[float, float]]()) for limit in limits]
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
            wait = self._not_before - now
            holding = [each for each in self._windows if path.endswith(each[0].only)]
            for limit, sent in holding:
                while sent and sent[0][0] <= now - limit.seconds:
                    sent.popleft()
                spent = sum(c for _, c in sent)
                for at, freed in sent:
                    if spent + cost <= limit.cost:
                        break
                    spent -= freed
                    wait = max(wait, at + limit.seconds - now)
            if wait <= 0:
                for _, sent in holding:
                    sent.append((now, cost))
            return wait


FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0


def backoff(attempt: int) -> float:
    """Seconds to wait after the given attempt (1, 2, ...) failed: a random part of 1, 2, 4, ...
    up to 60, so that many clients do not come back at once ("full jitter", AWS Architecture Blog,
    2015), but never less than a tenth."""
    highest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
    return highest * random.uniform(0.1, 1.0)  # noqa: S311 - spreads load, guards nothing


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
