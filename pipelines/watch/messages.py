"""Writes the messages: one per owner and channel for a whole run, however many alerts there are.

Plain text, in Dutch or English. The worst come first and twenty are named; the rest is counted
per KPI, so that a storm of ten thousand is one message that can be read.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.settings import Channel
from pipelines.watch.drift import FIRING, Event, Judged
from pipelines.watch.formats import label, number, period, value

NAMED = 20
_MOST_DECIMALS = 4

WORDS = {
    "nl": {
        "title_one": "Koers: {kpi} van {unit} is uit koers ({period})",
        "title_many": "Koers: {n} KPI's uit koers",
        "title_back_one": "Koers: {kpi} van {unit} is weer op koers ({period})",
        "title_back_many": "Koers: {n} KPI's weer op koers",
        "and_back": "{title}, {n} weer op koers",
        "for": "Voor: {owner}",
        "off": "Uit koers ({n})",
        "back": "Weer op koers ({n})",
        "figures": "Waarde {value}, doel {target}, tolerantieband {band}.",
        "below": "{gap} onder de band.",
        "above": "{gap} boven de band.",
        "points": "{n} procentpunt",
        "since": "Uit koers sinds {since} ({n} perioden op rij).",
        "since_now": "Uit koers sinds deze periode.",
        "was_since": "Was uit koers sinds {since}.",
        "rest": "En nog {n} andere: {kpis}.",
        "next": "Wat nu",
        "what": "Zoek de oorzaak bij de bron, spreek af wie wat doet, en leg dat vast. Klopt een "
        "cijfer niet, meld het dan bij de beheerder van de gegevens: dit bericht komt van de "
        "gepubliceerde cijfers.",
        "reference": "Publicatie {publication}. Kenmerk {key}.",
        "from": "vanaf {lower}",
        "up_to": "tot en met {upper}",
        "between": "{lower} tot {upper}",
    },
    "en": {
        "title_one": "Koers: {kpi} of {unit} is off course ({period})",
        "title_many": "Koers: {n} KPIs off course",
        "title_back_one": "Koers: {kpi} of {unit} is back on course ({period})",
        "title_back_many": "Koers: {n} KPIs back on course",
        "and_back": "{title}, {n} back on course",
        "for": "For: {owner}",
        "off": "Off course ({n})",
        "back": "Back on course ({n})",
        "figures": "Value {value}, target {target}, tolerance band {band}.",
        "below": "{gap} below the band.",
        "above": "{gap} above the band.",
        "points": "{n} percentage points",
        "since": "Off course since {since} ({n} periods in a row).",
        "since_now": "Off course since this period.",
        "was_since": "Had been off course since {since}.",
        "rest": "And {n} more: {kpis}.",
        "next": "What to do",
        "what": "Find the cause at its source, agree who does what, and write that down. If a "
        "figure is wrong, tell whoever looks after the data: this message comes from the "
        "published figures.",
        "reference": "Publication {publication}. Reference {key}.",
        "from": "from {lower}",
        "up_to": "up to {upper}",
        "between": "{lower} to {upper}",
    },
}


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
) -> list[Message]:
    """The messages about these events; none where no channel takes them."""
    messages = []
    events = list(events)
    for channel in channels:
        by_owner: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            wanted = not channel.owners or event.row.owner in channel.owners
            if wanted and (not channel.layers or event.row.layer in channel.layers):
                by_owner[event.row.owner].append(event)
        for owner, theirs in sorted(by_owner.items()):
            keys = tuple(sorted(event.dedup_key for event in theirs))
            text = "\n".join((channel.name, owner, *keys))
            key = hashlib.sha256(text.encode()).hexdigest()[:24]
            title, body = _Writer(language, currency).write(owner, theirs)
            reference = WORDS[language]["reference"].format(publication=publication_id, key=key)
            messages.append(
                Message(
                    key, publication_id, owner, channel.name, title, f"{body}\n\n{reference}", keys
                )
            )
    return messages


def severity(row: Judged) -> float:
    """How far outside its band, in widths of its target: compares euros with fractions."""
    return abs(_outside(row)) / (abs(row.target or 0) or 1.0)


def _outside(row: Judged) -> float:
    actual = row.kpi_value or 0.0
    if row.band_lower is not None and actual < row.band_lower:
        return actual - row.band_lower
    if row.band_upper is not None and actual > row.band_upper:
        return actual - row.band_upper
    return 0.0


class _Writer:
    def __init__(self, language: str, currency: str) -> None:
        self.language = language
        self.currency = currency
        self.words = WORDS[language]

    def write(self, owner: str, events: Sequence[Event]) -> tuple[str, str]:
        off = [event for event in events if event.state == FIRING]
        off.sort(key=lambda event: (-severity(event.row), event.alert_id))
        back = sorted(
            (event for event in events if event.state != FIRING), key=lambda event: event.alert_id
        )
        parts = [self.words["for"].format(owner=label(owner))]
        if off:
            parts += self._section("off", off, NAMED)
        if back:
            parts += self._section("back", back, max(0, NAMED - len(off)))
        if off:
            parts.append(f"{self.words['next']}\n{self.words['what']}")
        return self._title(off, back), "\n\n".join(parts)

    def _title(self, off: Sequence[Event], back: Sequence[Event]) -> str:
        said, kind = (off, "title") if off else (back, "title_back")
        if len(said) == 1:
            row = said[0].row
            title = self.words[f"{kind}_one"].format(
                kpi=self._label(row), unit=label(row.unit_name), period=self._period(row)
            )
        else:
            title = self.words[f"{kind}_many"].format(n=self._count(len(said)))
        if off and back:
            title = self.words["and_back"].format(title=title, n=self._count(len(back)))
        return title

    def _section(self, heading: str, events: Sequence[Event], most: int) -> list[str]:
        parts = [self.words[heading].format(n=self._count(len(events)))]
        parts += [self._entry(n, event) for n, event in enumerate(events[:most], start=1)]
        rest = events[most:]
        if rest:
            counted = Counter(self._label(event.row) for event in rest).most_common(NAMED)
            kpis = ", ".join(f"{name} {self._count(n)}" for name, n in counted)
            parts.append(self.words["rest"].format(n=self._count(len(rest)), kpis=kpis))
        return parts

    def _entry(self, ordinal: int, event: Event) -> str:
        row = event.row
        shown, band, target = self._figures(row)
        lines = [
            f"{ordinal}. {self._label(row)}, {label(row.unit_name)}, {self._period(row)}",
            self.words["figures"].format(value=shown, target=target, band=band),
        ]
        since = period(event.since, row.grain, self.language)
        if event.state != FIRING:
            lines.append(self.words["was_since"].format(since=since))
        else:
            if _outside(row):
                side = "below" if _outside(row) < 0 else "above"
                lines[-1] += " " + self.words[side].format(gap=self._gap(row))
            n = self._count(row.off_periods)
            key = "since" if event.since < row.period_start else "since_now"
            lines.append(self.words[key].format(since=since, n=n))
        return "\n   ".join(lines)

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
        lower, upper = (
            None if edge is None else self._value(edge, row, more)
            for edge in (row.band_lower, row.band_upper)
        )
        form = "between" if lower and upper else "from" if lower else "up_to"
        band = self.words[form].format(lower=lower, upper=upper) if lower or upper else "-"
        target = "-" if row.target is None else self._value(row.target, row, 0)
        return self._value(actual, row, more), band, target

    def _gap(self, row: Judged) -> str:
        gap = abs(_outside(row))
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
