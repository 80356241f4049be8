"""Writes the messages: one per owner and channel for a whole run, however many alerts there are.

Plain text, in Dutch or English. The worst come first and twenty are named; the rest is counted
per KPI, so that a storm of ten thousand is one message that can be read.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.movers import Mover
from pipelines.settings import Channel
from pipelines.watch.drift import DRIFT, ENDED, FIRING, PERSON, TOLERANCE, Event, Judged
from pipelines.watch.formats import label, number, period, value
from pipelines.watch.links import AlertLinks, link_line, no_links
from pipelines.watch.words import WORDS

NAMED = 20
EXPLAINED = 8
MOVERS = 3
_MOST_DECIMALS = 4


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


def compose(
    events: Iterable[Event],
    channels: Sequence[Channel],
    *,
    publication_id: str,
    language: str = "nl",
    currency: str = "EUR",
    links: AlertLinks = no_links,
) -> list[Message]:
    """The messages about the events that are news; none where no channel takes them."""
    messages = []
    events = [event for event in events if event.is_news]
    for channel in channels:
        by_owner: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            for owner in _owners(event, channel):
                by_owner[owner].append(event)
        for owner, theirs in sorted(by_owner.items()):
            keys = tuple(sorted(event.dedup_key for event in theirs))
            text = "\n".join((channel.name, owner, *keys))
            key = hashlib.sha256(text.encode()).hexdigest()[:24]
            title, body = _Writer(language, currency, links).write(owner, theirs)
            reference = WORDS[language]["reference"].format(publication=publication_id, key=key)
            messages.append(
                Message(
                    key, publication_id, owner, channel.name, title, f"{body}\n\n{reference}", keys
                )
            )
    return messages


def _owners(event: Event, channel: Channel) -> list[str]:
    """Who is told of an event over a channel: its owner, and those of the units it explains."""
    if event.is_escalation != channel.escalation:
        return []
    rows = [event.row, *(row for row in event.explains if row.layer != PERSON)]
    wanted = [
        row.owner
        for row in rows
        if (not channel.owners or row.owner in channel.owners)
        and (not channel.layers or row.layer in channel.layers)
    ]
    return list(dict.fromkeys(wanted))


def described(row: Judged, language: str, currency: str) -> list[str]:
    """The figures of a period and what is usual, a sentence each."""
    writer = _Writer(language, currency)
    return [writer.figures(row), *writer.usual(row)]


def severity(row: Judged) -> float:
    """How far outside its band, in widths of its target or of what is usual: compares euros with
    fractions."""
    if row.kind == DRIFT:
        return max(abs(row.process_score or 0.0) - 1, 0.0)
    return abs(row.outside) / (abs(row.target or 0) or 1.0)


@dataclass(frozen=True)
class _Part:
    """The events of a message that belong together, and the words for them."""

    heading: str
    title: str
    also: str
    events: tuple[Event, ...]


class _Writer:
    def __init__(self, language: str, currency: str, links: AlertLinks = no_links) -> None:
        self.links = links
        self.language = language
        self.currency = currency
        self.words = WORDS[language]

    def write(self, owner: str, events: Sequence[Event]) -> tuple[str, str]:
        parts = [part for part in self._parts(events) if part.events]
        texts = [self.words["for"].format(owner=label(owner))]
        left = NAMED
        for part in parts:
            texts += self._section(part, left, owner)
            left = max(0, left - len(part.events))
        if any(event.state == FIRING for event in events):
            texts.append(f"{self.words['next']}\n{self.words['what']}")
        title = self._title(parts)
        if any(event.is_escalation for event in events):
            title = self.words["escalated"].format(title=title)
            texts.insert(1, self.words["why_escalated"])
        return title, "\n\n".join(texts)

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
                kpi=self._label(row), unit=label(row.unit_name), period=self._period(row)
            )
        else:
            title = self.words[f"{first.title}_many"].format(n=self._count(len(first.events)))
        for part in parts[1:]:
            title = self.words[part.also].format(title=title, n=self._count(len(part.events)))
        return title

    def _section(self, part: _Part, most: int, owner: str) -> list[str]:
        texts = [self.words[part.heading].format(n=self._count(len(part.events)))]
        texts += [
            self._entry(n, event, owner) for n, event in enumerate(part.events[:most], start=1)
        ]
        rest = part.events[most:]
        if rest:
            counted = Counter(self._label(event.row) for event in rest).most_common(NAMED)
            kpis = ", ".join(f"{name} {self._count(n)}" for name, n in counted)
            texts.append(self.words["rest"].format(n=self._count(len(rest)), kpis=kpis))
        return texts

    def _entry(self, ordinal: int, event: Event, owner: str) -> str:
        row = event.row
        if event.state == ENDED:
            return self._ended(ordinal, event)
        lines = [
            f"{ordinal}. {self._label(row)}, {label(row.unit_name)}, {self._period(row)}",
            self.figures(row),
        ]
        if event.state == FIRING and row.outside:
            side = "below" if row.outside < 0 else "above"
            lines[-1] += " " + self.words[side].format(gap=self._gap(row))
        lines += self.usual(row)
        drift = "drift_" if row.kind == DRIFT else ""
        since = period(event.since, row.grain, self.language)
        if event.state != FIRING:
            lines.append(self.words[f"{drift}was_since"].format(since=since))
        else:
            key = "since" if event.since < row.period_start else "since_now"
            n = self._count(max(row.off_periods, 1))
            lines.append(self.words[drift + key].format(since=since, n=n))
        lines += self._moved(event)
        if row.known_event:
            lines.append(self.words["event"].format(event=label(row.known_event)))
        if units := self._explains(event):
            lines.append(self.words["explains"].format(units=units))
        if event.state == FIRING:
            found = self.links(event.alert_id, owner, self.language)
            lines.append(link_line(event.alert_id, found, self.language))
        return "\n   ".join(lines)

    def _ended(self, ordinal: int, event: Event) -> str:
        """One line: there is nothing to judge, and nothing to do."""
        why = self.words[str(event.at.ending)]
        return f"{ordinal}. {self._label(event.row)}, {label(event.row.unit_name)}: {why}"

    def figures(self, row: Judged) -> str:
        shown, band, target = self._figures(row)
        key = "value_only" if row.target is None else "with_target"
        return self.words[key].format(value=shown, target=target, band=band)

    def usual(self, row: Judged) -> list[str]:
        """Whether it is unusual, whatever was agreed."""
        lower, upper = row.process_band_lower, row.process_band_upper
        if row.process_status in ("drifting", "stable") and not (lower is None and upper is None):
            how = self.words[f"how_{row.process_status}"]
            return [self.words["usual"].format(band=self._band(row, lower, upper, 0), how=how)]
        if row.process_status == "insufficient_data":
            return [self.words["unknown_usual"]]
        return []

    def _moved(self, event: Event) -> list[str]:
        """What contributed most: the units below, else the KPIs that drive it."""
        lines = []
        for comparison in ("previous_period", "target"):
            those = [m for m in event.moved_by if m.comparison == comparison]
            units = [m for m in those if m.contributor_type == "child_unit"]
            named = (units or those)[:MOVERS]
            if not named or not named[0].change_total:
                continue
            parts = "; ".join(self._part(mover, event.row) for mover in named)
            change = self._signed(float(named[0].change_total), event.row)
            lines.append(self.words[f"moved_{comparison}"].format(change=change, parts=parts))
        return lines

    def _part(self, mover: Mover, row: Judged) -> str:
        name = label(mover.label)
        if mover.people:
            key = "people_one" if mover.people == 1 else "people_many"
            name = self.words[key].format(n=self._count(mover.people))
        return self.words["part"].format(
            label=self.words[f"effect_{mover.effect}"].format(label=name),
            amount=self._signed(float(mover.contribution), row),
            share=number((mover.share or 0.0) * 100, 0, self.language) + "%",
        )

    def _signed(self, amount: float, row: Judged) -> str:
        sign = "-" if amount < 0 else "+"
        if row.unit == "percent":
            points = number(abs(amount) * 100, 1, self.language)
            return sign + self.words["points"].format(n=points)
        return sign + self._value(abs(amount), row, 0)

    def _explains(self, event: Event) -> str:
        """The units below that are off in the same way, each once, the worst first."""
        rows = sorted(event.explains, key=lambda row: (-severity(row), row.org_unit_id))
        names = list(dict.fromkeys(label(r.unit_name) for r in rows if r.layer != PERSON))
        names = [name for name in names if name != label(event.row.unit_name)]
        units = ", ".join(names[:EXPLAINED])
        if len(names) > EXPLAINED:
            n = self._count(len(names) - EXPLAINED)
            units = self.words["and_more"].format(units=units, n=n)
        return units

    def _figures(self, row: Judged) -> tuple[str, str, str]:
        """Value, band and target, with as many decimals as show that the value is outside."""
        edges = [edge for edge in (row.band_lower, row.band_upper) if edge is not None]
        actual = row.kpi_value or 0.0
        more = 0
        while more < _MOST_DECIMALS and any(
            edge != actual and self._value(edge, row, more) == self._value(actual, row, more)
            for edge in edges
        ):
            more += 1
        band = self._band(row, row.band_lower, row.band_upper, more)
        target = "-" if row.target is None else self._value(row.target, row, 0)
        return self._value(actual, row, more), band, target

    def _band(self, row: Judged, low: float | None, high: float | None, more: int) -> str:
        lower, upper = (
            None if edge is None else self._value(edge, row, more) for edge in (low, high)
        )
        form = "between" if lower and upper else "from" if lower else "up_to"
        return self.words[form].format(lower=lower, upper=upper) if lower or upper else "-"

    def _gap(self, row: Judged) -> str:
        gap = abs(row.outside)
        if row.unit == "percent":
            decimals = 1 if gap >= 0.001 else _MOST_DECIMALS
            return self.words["points"].format(n=number(gap * 100, decimals, self.language))
        return self._value(gap, row, 0)

    def _value(self, amount: float, row: Judged, more: int) -> str:
        return value(amount, row.unit, self.language, currency=self.currency, more=more)

    def _label(self, row: Judged) -> str:
        return label(row.label_nl if self.language == "nl" else row.label_en)

    def _period(self, row: Judged) -> str:
        return period(row.period_start, row.grain, self.language)

    def _count(self, n: int) -> str:
        return number(n, 0, self.language)
