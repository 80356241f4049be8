"""How large the made-up organisation is."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Size:
    """How many records of each kind, and people."""

    events: int
    contacts: int
    deals: int
    posts: int
    people: int

    def numbers(self) -> tuple[int, ...]:
        return astuple(self)

    def __str__(self) -> str:
        return ", ".join(f"{number:,} {name}" for name, number in vars(self).items())


FULL = Size(50_000_000, 5_000_000, 2_000_000, 200_000, 2_000)


def over(divisor: int) -> Size:
    """The full size, so many times smaller; no fewer than twenty people."""
    *records, people = FULL.numbers()
    return Size(*(number // divisor for number in records), max(people // divisor, 20))
