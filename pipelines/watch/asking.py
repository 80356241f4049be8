"""How often a sensor asks to have a publication judged: until it is, at growing distances.

A run that is asked for may die before it has judged anything, or fail. What is remembered between
two looks is one line of text.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass

from pipelines.watch.delivery import WRONG_CLOCK, wait_after


@dataclass(frozen=True, slots=True)
class Asked:
    """For which publication was asked, how many times, and when (aware) to ask again."""

    publication_id: str
    times: int = 0
    again_at: dt.datetime | None = None

    @classmethod
    def read(cls, text: str | None, publication_id: str) -> Asked:
        """What the text says of this publication; never asked where it is of another, or none."""
        with contextlib.suppress(ValueError):
            of, times, again_at = (text or "").split()
            if of == publication_id:
                return cls(of, int(times), dt.datetime.fromisoformat(again_at))
        return cls(publication_id)

    @property
    def text(self) -> str:
        again_at = "" if self.again_at is None else self.again_at.isoformat()
        return f"{self.publication_id} {self.times} {again_at}"

    def is_due(self, now: dt.datetime) -> bool:
        """Also where the clock was ahead when it was asked for."""
        return self.again_at is None or not now < self.again_at <= now + WRONG_CLOCK

    def again(self, now: dt.datetime) -> Asked:
        """Asked for once more, now."""
        times = self.times + 1
        return Asked(self.publication_id, times, now + wait_after(times))
