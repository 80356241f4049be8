"""What a message says, before it is laid out: for mail, chat, a webhook or plain text.

A letter holds words for people, already in the reader's language, and the facts for machines. It
goes through the outbox as JSON, so that what is sent later says what was known then.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pipelines.course import Point
from pipelines.watch.formats import number
from pipelines.watch.words import WORDS

KPIS_COUNTED = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """What a reader can follow or do. The address may be a permission, so `repr` leaves it out.
    is_act: it does something about the alert."""

    text: str
    url: str = dataclasses.field(repr=False)
    is_act: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """What one contributor did: `part` is its share of the change (1 is all of it), or None."""

    label: str
    amount: str
    share: str
    part: float | None


@dataclass(frozen=True, slots=True)
class Moves:
    """What moved a KPI, compared with something: `heading` says with what, and by how much."""

    heading: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert. tone: off (course), drift (unusual), back (on course), normal (as usual again),
    ended (no longer judged), or another name of a kind of section.

    lines: all there is to say, a sentence each, without the name. badge to moves: the same in
    parts, for where it can be laid out. points: the series, oldest first. alert: for machines, as
    docs/alert-webhook.schema.json says.
    """

    tone: str
    kpi: str
    unit: str
    period: str
    lines: tuple[str, ...]
    badge: str = ""
    value: str = ""
    gap: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    moves: tuple[Moves, ...] = ()
    course: str = ""
    points: tuple[Point, ...] = ()
    value_unit: str = ""
    grain: str = ""
    alert: dict[str, Any] = dataclasses.field(default_factory=dict)
    links: tuple[Link, ...] = ()

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.kpi, self.unit, self.period)))


@dataclass(frozen=True, slots=True)
class Section:
    """Alerts of one tone, the worst first. rest: the KPIs of those that are only counted."""

    tone: str
    heading: str
    entries: tuple[Entry, ...]
    rest: tuple[tuple[str, int], ...] = ()

    def shortened(self, most: int) -> Section:
        """With so many entries; the others are counted."""
        counted = Counter(dict(self.rest))
        counted.update(entry.kpi for entry in self.entries[most:])
        return dataclasses.replace(
            self, entries=self.entries[:most], rest=tuple(counted.most_common())
        )

    def rest_line(self, language: str) -> str:
        """`And 12 more: Revenue 8, Orders 4.`, or nothing."""
        if not self.rest:
            return ""
        kpis = ", ".join(f"{kpi} {number(n, 0, language)}" for kpi, n in self.rest[:KPIS_COUNTED])
        total = number(sum(n for _, n in self.rest), 0, language)
        return WORDS[language]["rest"].format(n=total, kpis=kpis)


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message. opening: what stands above the alerts; advice: what to do, a heading and
    what it says; reference: where the figures come from, and the key of the message."""

    language: str
    title: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    advice: tuple[str, str] | None
    reference: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for section in self.sections for entry in section.entries)

    def shortened(self, most: int) -> Letter:
        """With at most so many entries, the first ones; the others are counted."""
        sections: list[Section] = []
        left = most
        for section in self.sections:
            sections.append(section.shortened(left))
            left = max(0, left - len(section.entries))
        return dataclasses.replace(self, sections=tuple(sections))

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=str, ensure_ascii=False)


def from_json(text: str) -> Letter:
    """The letter that `to_json` wrote; fields of a later Koers are left out."""
    said = json.loads(text)
    sections = tuple(_section(section) for section in said["sections"])
    advice = said["advice"]
    return _made(
        Letter,
        said
        | {
            "opening": tuple(said["opening"]),
            "sections": sections,
            "advice": tuple(advice) if advice else None,
        },
    )


def _section(said: dict[str, Any]) -> Section:
    entries = tuple(_entry(entry) for entry in said["entries"])
    return _made(Section, said | {"entries": entries, "rest": _pairs(said["rest"])})


def _entry(said: dict[str, Any]) -> Entry:
    points = tuple(
        _made(Point, point | {"period_start": dt.date.fromisoformat(point["period_start"])})
        for point in said["points"]
    )
    moves = tuple(
        Moves(each["heading"], tuple(_made(Move, move) for move in each["moves"]))
        for each in said["moves"]
    )
    links = tuple(_made(Link, link) for link in said["links"])
    lines, facts = tuple(said["lines"]), _pairs(said["facts"])
    return _made(
        Entry,
        said | {"lines": lines, "facts": facts, "moves": moves, "points": points, "links": links},
    )


def _pairs(said: Sequence[Sequence[Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((name, value) for name, value in said)


def _made(kind: type[T], said: dict[str, Any]) -> T:
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in said.items() if name in names})
