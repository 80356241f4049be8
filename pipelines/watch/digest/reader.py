"""Who reads a digest, and what of it concerns them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipelines.watch.digest.matter import Item, Matter
from pipelines.watch.drift import PERSON
from pipelines.watch.sources import OWNER


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a digest. is_whole: that of the whole organisation. layers: only of these, all
    where there are none. currency: ISO 4217."""

    owner: str
    is_whole: bool = False
    layers: tuple[str, ...] = ()
    language: str = "nl"
    currency: str = "EUR"

    def reads(self, owner: str, layer: str) -> bool:
        return (self.is_whole or owner == self.owner) and (not self.layers or layer in self.layers)

    def part_of(self, matter: Matter) -> Matter:
        """What concerns them."""

        def items(of: Iterable[Item]) -> tuple[Item, ...]:
            return tuple(each for each in of if self.reads(each.row.owner, each.row.layer))

        counts = tuple(
            each
            for each in matter.counts
            # Of people only how many there are, and only among those of the whole organisation.
            if self.reads(each.owner, each.layer) and (self.is_whole or each.layer != PERSON)
        )
        everything = self.is_whole or self.owner == OWNER
        theirs = matter.kpis_of.get(self.owner, frozenset())
        return replace(
            matter,
            counts=counts,
            off=items(matter.off),
            unusual=items(matter.unusual),
            better=items(matter.better),
            missing=items(matter.missing),
            back=items(matter.back),
            passed=items(matter.passed),
            actions=tuple(a for a in matter.actions if self.reads(a.row.owner, a.row.layer)),
            reviews=tuple(k for k in matter.reviews if self.is_whole or k.owner == self.owner),
            sources=tuple(s for s in matter.sources if everything or theirs.intersection(s.kpis)),
        )
