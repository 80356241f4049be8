"""Writes the messages: one per owner and channel for a whole run, however many alerts there are.

In Dutch or English. The worst come first and twenty are named; the rest is counted per KPI, so that
a storm of ten thousand is one message that can be read. How a letter looks is for the channel.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.movers import Mover
from pipelines.plots import bars
from pipelines.settings import Channel
from pipelines.watch.drift import DRIFT, ENDED, FIRING, PERSON, TOLERANCE, Event, Judged
from pipelines.watch.figures import Figures
from pipelines.watch.formats import label, number, period
from pipelines.watch.letter import Entry, Letter, Move, Moves, Section
from pipelines.watch.links import AlertLinks, command_line, no_links
from pipelines.watch.payload import alert_facts
from pipelines.watch.text import text
from pipelines.watch.words import WORDS

NAMED = 20
EXPLAINED = 8
MOVERS = 3


@dataclass(frozen=True)
class Message:
    """What one owner gets through one channel. The same events give the same `idempotency_key`."""

    idempotency_key: str
    publication_id: str
    owner: str
    channel: str
    title: str
    body: str
    dedup_keys: tuple[str, ...]
    letter: Letter


def compose(
    events: Iterable[Event],
    channels: Sequence[Channel],
    *,
    publication_id: str,
    language: str = "nl",
    languages: Mapping[str, str] | None = None,
    currency: str = "EUR",
    links: AlertLinks = no_links,
) -> list[Message]:
    """The messages about the events that are news; none where no channel takes them. languages: of
    owners who read another than `language`; a channel's own goes before both."""
    messages = []
    events = [event for event in events if event.is_news]
    for channel in channels:
        by_owner: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            for owner in _owners(event, channel):
                by_owner[owner].append(event)
        for owner, theirs in sorted(by_owner.items()):
            keys = tuple(sorted(event.dedup_key for event in theirs))
            named = "\n".join((channel.name, owner, *keys))
            key = hashlib.sha256(named.encode()).hexdigest()[:24]
            read = channel.read_in(owner, language, languages or {})
            reference = WORDS[read]["reference"].format(publication=publication_id, key=key)
            letter = _Writer(read, currency, links).write(owner, theirs, reference)
            messages.append(
                Message(
                    key,
                    publication_id,
                    owner,
                    channel.name,
                    letter.title,
                    text(letter),
                    keys,
                    letter,
                )
            )
    return messages


def _owners(event: Event, channel: Channel) -> list[str]:
    """Who is told of an event over a channel: its owner, and those of the units it explains."""
    if event.is_escalation != channel.escalation:
        return []
    rows = [event.row, *(row for row in event.explains if row.layer != PERSON)]
    wanted = [row.owner for row in rows if channel.takes(row.owner, row.layer)]
    return list(dict.fromkeys(wanted))


def described(row: Judged, language: str, currency: str) -> list[str]:
    """The figures of a period and what is usual, a sentence each."""
    figures = Figures(language, currency)
    return [figures.said(row), *figures.usual(row)]


def severity(row: Judged) -> float:
    """How far outside its band, in widths of its target or of what is usual: compares euros with
    fractions."""
    if row.kind == DRIFT:
        return max(abs(row.process_score or 0.0) - 1, 0.0)
    return abs(row.outside) / (abs(row.target or 0) or 1.0)


@dataclass(frozen=True)
class _Part:
    """The events of a message that belong together, and the words for them."""

    tone: str
    title: str
    also: str
    events: tuple[Event, ...]


class _Writer:
    def __init__(self, language: str, currency: str, links: AlertLinks = no_links) -> None:
        self.links = links
        self.language = language
        self.currency = currency
        self.words = WORDS[language]
        self.figures = Figures(language, currency)

    def write(self, owner: str, events: Sequence[Event], reference: str) -> Letter:
        parts = [part for part in self._parts(events) if part.events]
        sections, left = [], NAMED
        for part in parts:
            sections.append(self._section(part, left, owner))
            left = max(0, left - len(part.events))
        opening = [self.words["for"].format(owner=label(owner))]
        title = self._title(parts)
        if any(event.is_escalation for event in events):
            title = self.words["escalated"].format(title=title)
            opening.append(self.words["why_escalated"])
        fires = any(event.state == FIRING for event in events)
        advice = (self.words["next"], self.words["what"]) if fires else None
        return Letter(self.language, title, tuple(opening), tuple(sections), advice, reference)

    def _parts(self, events: Sequence[Event]) -> list[_Part]:
        """The worst first; what is over comes last."""

        def those(kind: str, fires: bool) -> tuple[Event, ...]:
            found = [
                e
                for e in events
                if e.kind == kind and (e.state == FIRING) is fires and e.state != ENDED
            ]
            if fires:
                found.sort(key=lambda event: (-severity(event.row), event.alert_id))
            else:
                found.sort(key=lambda event: event.alert_id)
            return tuple(found)

        return [
            _Part("off", "title", "", those(TOLERANCE, True)),
            _Part("drift", "title_drift", "and_drift", those(DRIFT, True)),
            _Part("back", "title_back", "and_back", those(TOLERANCE, False)),
            _Part("normal", "title_normal", "and_normal", those(DRIFT, False)),
            _Part(
                "ended", "title_ended", "and_ended", tuple(e for e in events if e.state == ENDED)
            ),
        ]

    def _title(self, parts: Sequence[_Part]) -> str:
        first = parts[0]
        if len(first.events) == 1:
            row = first.events[0].row
            title = self.words[f"{first.title}_one"].format(
                kpi=self.figures.label(row),
                unit=label(row.unit_name),
                period=self.figures.period(row),
            )
        else:
            n = self.figures.count(len(first.events))
            title = self.words[f"{first.title}_many"].format(n=n)
        for part in parts[1:]:
            n = self.figures.count(len(part.events))
            title = self.words[part.also].format(title=title, n=n)
        return title

    def _section(self, part: _Part, most: int, owner: str) -> Section:
        counted = Counter(self.figures.label(event.row) for event in part.events[most:])
        return Section(
            part.tone,
            self.words[part.tone].format(n=self.figures.count(len(part.events))),
            tuple(self._entry(part.tone, event, owner) for event in part.events[:most]),
            tuple(counted.most_common()),
        )

    def _entry(self, tone: str, event: Event, owner: str) -> Entry:
        if event.state == ENDED:
            return self._ended(event)
        row = event.row
        value, band, target = self.figures.parts(row)
        gap = self.figures.gap(row) if event.state == FIRING else ""
        moves = self._moved(event)
        units = self._explains(event)
        since_line, since = self._since(event)
        usual = self.figures.usual_band(row)
        if usual:
            how = self.words[f"how_{row.process_status}"]
            usual = self.words["usual_how"].format(band=usual, how=how)
        elif row.process_status == "insufficient_data":
            usual = self.words["unknown_how"]
        known = label(row.known_event) if row.known_event else ""
        lines = [
            f"{self.figures.said(row)} {gap}".rstrip(),
            *self.figures.usual(row),
            since_line,
            *(line for line, _ in moves),
        ]
        late = self.words["late"] if event.is_late else ""
        if late:
            lines.append(late)
        if known:
            lines.append(self.words["event"].format(event=known))
        if units:
            lines.append(self.words["explains"].format(units=units))
        links = []
        if event.state == FIRING:
            links = self.links(event.alert_id, owner, self.language)
            if not any(each.is_act for each in links):
                lines.append(command_line(event.alert_id, self.language))
        facts = {
            "target_name": "" if row.target is None else target,
            "band_name": "" if row.target is None else band,
            "usual_name": usual,
            f"{tone}_name": since,
            "late_name": late,
            "event_name": known,
            "explains_name": units,
        }
        return Entry(
            tone=tone,
            kpi=self.figures.label(row),
            unit=label(row.unit_name),
            period=self.figures.period(row),
            lines=tuple(lines),
            badge=self.words[f"{tone}_badge"],
            value=value,
            gap=gap.removesuffix("."),
            facts=tuple((self.words[name], said) for name, said in facts.items() if said),
            moves=tuple(each for _, each in moves),
            course=self._course(event),
            points=event.points,
            value_unit=row.unit,
            grain=row.grain,
            alert=alert_facts(event),
            links=tuple(links),
        )

    def _ended(self, event: Event) -> Entry:
        """One line: there is nothing to judge, and nothing to do."""
        why = self.words[str(event.at.ending)]
        return Entry(
            tone="ended",
            kpi=self.figures.label(event.row),
            unit=label(event.row.unit_name),
            period="",
            lines=(why[:1].upper() + why[1:],),
            badge=self.words["ended_badge"],
            alert=alert_facts(event),
        )

    def _since(self, event: Event) -> tuple[str, str]:
        """Since when, as a sentence and in short."""
        row = event.row
        since = period(event.since, row.grain, self.language)
        drift = "drift_" if row.kind == DRIFT else ""
        if event.state != FIRING:
            return self.words[f"{drift}was_since"].format(since=since), since
        if event.since >= row.period_start:
            return self.words[f"{drift}since_now"], self.words["since_this"]
        n = self.figures.count(max(row.off_periods, 1))
        said = self.words[f"{drift}since"].format(since=since, n=n)
        return said, self.words["since_periods"].format(since=since, n=n)

    def _course(self, event: Event) -> str:
        """The series as text."""
        drawn = bars(event.points)
        if not drawn:
            return ""
        first, last = (
            period(event.points[n].period_start, event.row.grain, self.language) for n in (0, -1)
        )
        return self.words["course"].format(bars=drawn, first=first, last=last)

    def _moved(self, event: Event) -> list[tuple[str, Moves]]:
        """What contributed most, as a sentence and in parts: the units below, else the KPIs that
        drive it."""
        found = []
        for comparison in ("previous_period", "target"):
            those = [m for m in event.moved_by if m.comparison == comparison]
            units = [m for m in those if m.contributor_type == "child_unit"]
            named = (units or those)[:MOVERS]
            if not named or not named[0].change_total:
                continue
            moves = tuple(self._move(mover, event.row) for mover in named)
            parts = "; ".join(
                self.words["part"].format(label=m.label, amount=m.amount, share=m.share)
                for m in moves
            )
            change = self.figures.signed(float(named[0].change_total), event.row)
            line = self.words[f"moved_{comparison}"].format(change=change, parts=parts)
            heading = self.words[f"heading_{comparison}"].format(change=change)
            found.append((line, Moves(heading, moves)))
        return found

    def _move(self, mover: Mover, row: Judged) -> Move:
        name = label(mover.label)
        if mover.people:
            key = "people_one" if mover.people == 1 else "people_many"
            name = self.words[key].format(n=self.figures.count(mover.people))
        return Move(
            label=self.words[f"effect_{mover.effect}"].format(label=name),
            amount=self.figures.signed(float(mover.contribution), row),
            share=number((mover.share or 0.0) * 100, 0, self.language) + "%",
            part=mover.share,
        )

    def _explains(self, event: Event) -> str:
        """The units below that are off in the same way, each once, the worst first."""
        rows = sorted(event.explains, key=lambda row: (-severity(row), row.org_unit_id))
        names = list(dict.fromkeys(label(r.unit_name) for r in rows if r.layer != PERSON))
        names = [name for name in names if name != label(event.row.unit_name)]
        units = ", ".join(names[:EXPLAINED])
        if len(names) > EXPLAINED:
            n = self.figures.count(len(names) - EXPLAINED)
            units = self.words["and_more"].format(units=units, n=n)
        return units
