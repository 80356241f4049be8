"""What a fake vendor does wrong when it is told to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "status",  # answers with `status` and `body`
    "html",  # a log-in page with status 200
    "drip",  # a byte every `seconds`
    "hang",  # nothing for `seconds`
    "cut",  # half of the body, then the end of the connection
    "short_length",  # says the body is shorter than it is
    "truncated",  # half of the body as if it were all of it
    "redirect",  # to `link`
    "foreign_link",  # whatever leads to the next page leads to `link`
    "expired_token",  # the access token is no longer good
    "expired_page",  # the page token is no longer good
    "repeat",  # the page before once more, though the vendor goes on
    "shift",  # the records of the page have changed while it was read
]


@dataclass
class Fault:
    """One thing to do wrong, to the requests whose path contains `path`: after the first `skip` of
    them, to the next `times`. hint: the value of a `Retry-After` header."""

    kind: Kind
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 500
    body: str = ""
    hint: str | None = None
    seconds: float = 0.2
    link: str = ""
    hit: int = field(default=0, compare=False)


class Faults:
    """The faults that wait to happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self.waiting.clear()

    def take(self, path: str) -> Fault | None:
        """The fault that happens to a request now, if any."""
        with self._lock:
            for fault in self.waiting:
                if fault.path not in path:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times > 0:
                    fault.times -= 1
                    fault.hit += 1
                    return fault
        return None
