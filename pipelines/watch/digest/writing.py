"""Writes a digest: a letter of sections, which every channel lays out as it does alerts.

What is off course comes first, the worst at its head; then what is unusual, what came back, and
what is to be done. Twenty are named at most, the others counted. Nothing to say is no letter.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pipelines.course import LAYERS, Point
from pipelines.plots import bars
from pipelines.watch.digest.entries import Entries
from pipelines.watch.digest.matter import Item, Matter
from pipelines.watch.digest.reader import Reader
from pipelines.watch.digest.words import DIGEST_WORDS
from pipelines.watch.drift import Judged
from pipelines.watch.formats import date, label, number, period
from pipelines.watch.letter import Entry, Letter, Link, Section
from pipelines.watch.links import AlertLinks, no_links
from pipelines.watch.messages import NAMED
from pipelines.watch.words import WORDS

SHARES = {
    "off": 5, "unusual": 3, "better": 2, "missing": 1, "back": 2, "passed": 1, "actions": 3,
    "reviews": 2, "sources": 1,
}  # fmt: skip
"""How many of each section are named at least, where there are so many: 20 together, in this
order. What one does not need goes to the first that does."""

_PARTS_IN_TITLE = 3

Courses = Callable[[Sequence[tuple[str, str, dt.date]]], list[list[Point]]]
"""(kpi, org_unit_id, first day of its last period) of several, to their series, oldest first."""


def write(
    matter: Matter,
    reader: Reader,
    courses: Courses,
    zone: dt.tzinfo,
    *,
    key: str = "",
    links: AlertLinks = no_links,
) -> Letter | None:
    """The digest of a reader, or None where there is nothing to say. zone: of its days. key: of
    the message, as its reader may quote it."""
    mine = reader.part_of(matter)
    if not any(_sections_of(mine).values()):
        return None
    return _Writer(mine, reader, courses, zone, links).letter(key)


def _sections_of(mine: Matter) -> dict[str, int]:
    return {name: len(getattr(mine, name)) for name in SHARES}


def shares(counts: dict[str, int], most: int = NAMED) -> dict[str, int]:
    """How many of each section are named: at most `most` together."""
    named = {name: min(counts[name], share) for name, share in SHARES.items()}
    for name in named:
        named[name] += min(counts[name] - named[name], most - sum(named.values()))
    return named


class _Writer:
    def __init__(
        self,
        mine: Matter,
        reader: Reader,
        courses: Courses,
        zone: dt.tzinfo,
        links: AlertLinks,
    ) -> None:
        self.mine = mine
        self.reader = reader
        self.zone = zone
        self.language = reader.language
        self.words = DIGEST_WORDS[reader.language]
        self.courses = courses
        self.entries = Entries(mine, reader.language, reader.currency, zone, reader.is_whole)
        self.links = links

    def letter(self, key: str) -> Letter:
        reference = WORDS[self.language]["reference"].format(
            publication=self.mine.publication_id, key=key or "-"
        )
        return Letter(
            self.language,
            self._title(),
            tuple(self._opening()),
            tuple(self._sections()),
            None,
            reference,
        )

    def _title(self) -> str:
        until = date(self.mine.span.days(self.zone)[1], self.language)
        said = ", ".join(self._parts()[:_PARTS_IN_TITLE])
        return self.words["title"].format(until=until, said=said)

    def _parts(self) -> list[str]:
        """How many there are of everything, such as `4 off course`."""
        counts = _sections_of(self.mine)
        counts["back"] += counts.pop("passed")
        parts = [self._counted(f"said_{name}", n) for name, n in counts.items() if n]
        if not counts["off"] and any(each.judged for each in self.mine.counts):
            parts.insert(0, self.words["said_on"])
        return parts

    def _opening(self) -> Iterable[str]:
        which = "for_all" if self.reader.is_whole else "for"
        yield self.words[which].format(owner=label(self.reader.owner))
        since, until = (date(day, self.language) for day in self.mine.span.days(self.zone))
        line = self.words["span"].format(since=since, until=until)
        if self.mine.data_until is not None:
            day = date(self.mine.data_until, self.language)
            line += " " + self.words["data"].format(day=day)
        yield line
        judged = sum(each.judged for each in self.mine.counts)
        if judged:
            yield self._course(judged)
        waits = sum(each.waits for each in self.mine.alerts)
        if self.mine.alerts:
            yield self._counted("waits", waits) if waits else self.words["waits_none"]
        if len(parts := self._parts()) > _PARTS_IN_TITLE:
            yield self.words["all"].format(said=", ".join(parts))

    def _course(self, judged: int) -> str:
        off: Counter[str] = Counter()
        for each in self.mine.counts:
            off[each.layer] += each.off
        n = number(judged, 0, self.language)
        if not off.total():
            return self.words["course_all_on"].format(n=n)
        layers = ""
        if self.reader.is_whole:
            said = (
                f"{self.words[layer]} {number(off[layer], 0, self.language)}"
                for layer in LAYERS
                if off[layer]
            )
            layers = f" ({', '.join(said)})"
        total = number(off.total(), 0, self.language)
        return self.words["course"].format(off=total, n=n, layers=layers)

    def _sections(self) -> Iterable[Section]:
        mine = self.mine
        named = shares(_sections_of(mine))
        yield from self._of_items("off", "off", mine.off, named["off"])
        yield from self._of_items("drift", "unusual", mine.unusual, named["unusual"])
        yield from self._of_items("back", "better", mine.better, named["better"])
        yield from self._of_items("missing", "missing", mine.missing, named["missing"])
        yield from self._of_items("back", "back", mine.back, named["back"])
        yield from self._of_items("normal", "passed", mine.passed, named["passed"])
        of_others = {
            "actions": [self.entries.action(each) for each in mine.actions],
            "reviews": self.entries.reviews(mine.reviews),
            "sources": [self.entries.source(each) for each in mine.sources],
        }
        for name, made in of_others.items():
            if made:
                n = number(len(getattr(mine, name)), 0, self.language)
                section = Section(name, self.words[name].format(n=n), tuple(made))
                yield section.shortened(named[name])

    def _of_items(
        self, tone: str, name: str, items: Sequence[Item], most: int
    ) -> Iterable[Section]:
        if not items:
            return
        heads, below = _folded(items)
        shown, counted = heads[:most], heads[most:]
        series = [(each.row.kpi, each.row.org_unit_id, each.row.period_start) for each in shown]
        made = [
            self._entry(tone, each, below[each.alert_id or ""], points)
            for each, points in zip(shown, self.courses(series), strict=True)
        ]
        rest = Counter(
            self.entries.figures.label(row)
            for each in counted
            for row in (each.row, *(other.row for other in below[each.alert_id or ""]))
        )
        heading = self.words[name].format(n=number(len(items), 0, self.language))
        yield Section(tone, heading, tuple(made), tuple(rest.most_common()))

    def _entry(
        self, tone: str, item: Item, below: Sequence[Item], points: Sequence[Point]
    ) -> Entry:
        made = self.entries.item(tone, item, [each.row for each in below])
        links: tuple[Link, ...] = ()
        if item.waits and item.alert_id:
            links = tuple(self.links(item.alert_id, self.reader.owner, self.language))
        return replace(
            made,
            course=self._bars(item.row, points),
            points=tuple(points),
            links=links,
        )

    def _bars(self, row: Judged, points: Sequence[Point]) -> str:
        drawn = bars(points)
        if not drawn:
            return ""
        first, last = (period(points[n].period_start, row.grain, self.language) for n in (0, -1))
        return WORDS[self.language]["course"].format(bars=drawn, first=first, last=last)

    def _counted(self, name: str, n: int) -> str:
        one = self.words.get(f"{name}_one") if n == 1 else None
        return one or self.words[name].format(n=number(n, 0, self.language))


def _folded(items: Sequence[Item]) -> tuple[list[Item], defaultdict[str, list[Item]]]:
    """Those to name, and by the id of its alert what goes with each: as in the alerts, a unit whose
    alert another explains is named there."""
    alerts = {each.alert_id: each for each in items if each.alert_id}
    heads = []
    below: defaultdict[str, list[Item]] = defaultdict(list)
    for each in items:
        head, passed = each, {each.alert_id}
        while (above := _explained_by(head)) in alerts and above not in passed:
            head = alerts[above]
            passed.add(above)
        if head is each:
            heads.append(each)
        else:
            below[head.alert_id or ""].append(each)
    return heads, below


def _explained_by(item: Item) -> str | None:
    return item.told.alert.folded_into if item.told and item.alert_id else None
