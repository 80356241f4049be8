"""Which units of which month may be shown, so that no figure about few people can be worked out.

The people of a month lie in blocks: two are in the same block if they are in the same shown units.
Whatever anybody adds, subtracts or divides of what is shown, is made of the sums of whole blocks,
since every shown figure is. So a month is safe when **every block holds nobody or at least
`least` people**: a hidden figure about fewer is never a sum of blocks, and how much of its
block it has may be anything from nothing to all of it.

Units are added one by one, from the top down and the larger first; one that would cut off a block
that is too small stays hidden. The unit beside a small one is thus hidden along with it, without
being sought. Longer periods are shown where all of their months are, shorter ones never, so that
years minus months tell nothing new; months of which the data still come in are not decided on.

A month that was decided on before keeps its units, as far as it is still safe; none is added that
would cut a block when laid over what was shown then. So the publication before against the one
after tells nothing of a hidden figure either.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.core.durable import make_folder, replace_text

TOLERANCE = 1e-9  # parts of people who work in two teams are decimal fractions


@dataclass(frozen=True)
class Item:
    """Rows of one measure with the same units. `person` is empty where every row is a person."""

    measure: str
    units: frozenset[str]
    person: str
    rows: float


class Month:
    """The people of one group of measures in one month."""

    def __init__(self, items: Iterable[Item], least: int) -> None:
        self.least = least
        self.cells: dict[frozenset[str], list[Item]] = {}
        for item in items:
            if item.rows > 0:
                self.cells.setdefault(item.units, []).append(item)
        self.of_unit: dict[str, list[frozenset[str]]] = {}
        for units in self.cells:
            for unit in units:
                self.of_unit.setdefault(unit, []).append(units)
        self.units = frozenset(self.of_unit)

    def size(self, units: Collection[frozenset[str]]) -> float:
        """The people of the largest measure in cells."""
        return max(self._sizes(units), default=0)

    def is_safe(self, units: Collection[frozenset[str]]) -> bool:
        """Nobody, or enough people: behind each measure, and behind what two of them differ by."""
        sizes = list(self._sizes(units))
        most = max(sizes, default=0)
        return all(self._enough(size) and self._enough(most - size) for size in sizes)

    def _enough(self, size: float) -> bool:
        return size <= TOLERANCE or size >= self.least - TOLERANCE

    def _sizes(self, units: Collection[frozenset[str]]) -> Iterable[float]:
        persons: dict[str, set[str]] = {}
        rows: dict[str, float] = {}
        for cell in units:
            for item in self.cells[cell]:
                if item.person:
                    persons.setdefault(item.measure, set()).add(item.person)
                else:
                    rows[item.measure] = rows.get(item.measure, 0.0) + item.rows
        everyone = set().union(*persons.values())
        yield from rows.values()
        yield from (len(found) for found in persons.values())
        yield from (len(everyone - found) for found in persons.values())


class Blocks:
    """The cells of a month, parted by the units that are shown."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.block_of: dict[frozenset[str], int] = dict.fromkeys(month.cells, 0)
        self.blocks: dict[int, set[frozenset[str]]] = {0: set(month.cells)}

    def parted(self, unit: str) -> list[tuple[int, set[frozenset[str]], set[frozenset[str]]]]:
        """The blocks that a unit has cells of: which, the cells in it, and those beside it."""
        inside: dict[int, set[frozenset[str]]] = {}
        for cell in self.month.of_unit[unit]:
            inside.setdefault(self.block_of[cell], set()).add(cell)
        return [(block, cells, self.blocks[block] - cells) for block, cells in inside.items()]

    def add(self, unit: str) -> None:
        for block, inside, outside in self.parted(unit):
            if outside:
                number = len(self.blocks)
                self.blocks[block], self.blocks[number] = outside, inside
                self.block_of.update(dict.fromkeys(inside, number))

    def stays_safe(self, unit: str) -> bool:
        """Whether every block that the unit is made of, or leaves behind, is safe."""
        safe = self.month.is_safe
        return all(safe(inside) and safe(outside) for _, inside, outside in self.parted(unit))

    def cuts_safely(self, unit: str) -> bool:
        """The same of blocks that are cut in two by it; of a whole block it tells nothing new."""
        safe = self.month.is_safe
        return all(
            not outside or (safe(inside) and safe(outside))
            for _, inside, outside in self.parted(unit)
        )


def shown(
    month: Month,
    ranks: Mapping[str, int],
    before: Collection[str] = (),
    allowed: Collection[str] | None = None,
) -> frozenset[str]:
    """The units of a month that may be shown.

    `ranks`: the place of a unit in the order, top first. `before`: what was shown of this month
    earlier. `allowed`: no others (what is shown of it to those who may see smaller groups).
    """
    then = Blocks(month)
    for unit in sorted(set(before) & month.units):
        then.add(unit)
    now = Blocks(month)
    sizes = {unit: month.size(cells) for unit, cells in month.of_unit.items()}
    found = set()
    for unit in sorted(
        month.units,
        key=lambda unit: (unit not in before, ranks.get(unit, 0), -sizes[unit], unit),
    ):
        if allowed is not None and unit not in allowed:
            continue
        if now.stays_safe(unit) and (unit in before or then.cuts_safely(unit)):
            now.add(unit)
            then.add(unit)
            found.add(unit)
    return frozenset(found)


Decisions = dict[str, dict[str, list[str]]]
"""By group and month (as an ISO date): the units that are shown."""


def read_shown(file: Path) -> dict[str, Decisions]:
    """What was ever shown, by the least size of a group. Raises ValueError for a broken file."""
    if not file.exists():
        return {}
    content: dict[str, Decisions] = json.loads(file.read_text(encoding="utf-8"))
    return content


def remember(file: Path, least: int, decisions: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Add to what was ever shown, before it is published: what never came to be shown after all
    does no harm."""
    known = read_shown(file)
    of_least = known.setdefault(str(least), {})
    for group, months in decisions.items():
        of_group = of_least.setdefault(group, {})
        for month, units in months.items():
            of_group[month] = sorted({*of_group.get(month, ()), *units})
    make_folder(file.parent)
    replace_text(file, json.dumps(known))
