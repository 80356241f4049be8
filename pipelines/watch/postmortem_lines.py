"""A post-mortem as lines of at most 80 columns for people."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator
from typing import Any

from pipelines.watch.actions import Outcome
from pipelines.watch.drift import KINDS
from pipelines.watch.formats import label, number, period, value
from pipelines.watch.known import SourceThen
from pipelines.watch.listing import KIND_NAMES, WIDTH, figures, moment
from pipelines.watch.outcome_words import in_words
from pipelines.watch.postmortem import PostMortem, Step, Today

_NAMES = {
    "kpi_value": "value",
    "band_lower": "band from",
    "band_upper": "band up to",
    "process_band_lower": "usual from",
    "process_band_centre": "usual",
    "process_band_upper": "usual up to",
    "process_status": "unusual or not",
    "definition_version": "definition",
    "sample_size": "records",
    "data_as_of": "data up to",
    "covers_until": "data up to",
}
_AMOUNTS = {
    "kpi_value", "target", "band_lower", "band_upper",
    "process_band_lower", "process_band_centre", "process_band_upper",
}  # fmt: skip
_WHY = {
    "restatement": "the period was restated after it was closed",
    "late_data": "more records came in than there were then",
    "withdrawn_data": "records that were counted then are gone",
    "corrected_data": "the records are as many, and were corrected",
    "definition": "the KPI was redefined: it is computed in another way",
    "organisation": "it was written down differently who belongs to the unit",
    "target": "what was agreed was changed afterwards",
    "rollback": "a publication of before was put in place again by hand",
    "removed": "it is no longer said",
    "reopened": "the period is waited for again: a source went back",
    "unknown": "why was not recorded: state/said does not reach back to it",
}
_DEFINED = (
    ("Means", "description_en"),
    ("Computed", "numerator"),
    ("Divided by", "denominator"),
    ("Wanted", "direction"),
)
_LONGEST = 200


def lines(found: PostMortem, zone: dt.tzinfo, currency: str) -> list[str]:
    """All of it, in English: what was known, what happened, what is said today."""
    return list(_Teller(found, zone, currency).told())


class _Teller:
    def __init__(self, found: PostMortem, zone: dt.tzinfo, currency: str) -> None:
        self.found, self.zone, self.currency = found, zone, currency
        self.is_of_kpi = found.row.kind in KINDS

    def told(self) -> Iterator[str]:
        found, row = self.found, self.found.row
        if self.is_of_kpi:
            what = f"{label(row.label_en)}, {label(row.unit_name)}: {KIND_NAMES[row.kind]}"
        else:
            what = f"Source {label(row.kpi)} gave no data"
        yield what
        yield found.alert_id
        state = found.state.replace("_", " ")
        if found.fired_at is None:
            yield f"It never fired; it is {state}. Its first figures:"
        else:
            yield f"Fired {moment(found.fired_at, self.zone)}; it is {state} now."
        yield ""
        yield "What was known then"
        yield from self._known()
        yield ""
        yield "What happened"
        for step in found.timeline:
            yield from self._step(step)
        for says in found.expected:
            verb = "was expected" if says["is_expected"] else "was not expected after all"
            text = f"{says['since']} to {says['until']} {verb}: {says['why']} ({says['by']})"
            yield from _wrapped(text, 2)
        for action, outcome in found.outcomes:
            said = self._outcome(outcome) if outcome else "nothing can be compared"
            yield from _wrapped(f"{action.what} ({action.who}, {action.state}): {said}", 2)
        yield ""
        yield "What is said of that period now"
        yield from self._now(found.today)

    def _known(self) -> Iterator[str]:
        found, row = self.found, self.found.row
        if self.is_of_kpi:
            yield from _field("Period", period(row.period_start, row.grain, "en"))
        for n, figure in enumerate(figures(row, self.currency)):
            yield from _field("Figures" if n == 0 else "", figure)
        if row.known_event:
            yield from _field("Known", label(row.known_event))
        if self.is_of_kpi:
            yield from _field(
                "Status",
                ", ".join(filter(None, (row.status, row.process_status))).replace("_", " "),
            )
        known = found.known
        if known is not None and known.numerator is not None:
            over = f" over {number(known.denominator, 2, 'en')}" if known.denominator else ""
            records = (
                f", of {number(known.sample_size, 0, 'en')} records" if known.sample_size else ""
            )
            yield from _field("Made of", f"{number(known.numerator, 2, 'en')}{over}{records}")
        if known is not None and known.data_as_of:
            yield from _field("Data", f"up to {known.data_as_of}")
        for n, source in enumerate(known.sources if known else ()):
            yield from _field("Sources" if n == 0 else "", self._source(source))
        if self.is_of_kpi and known is None:
            yield from _field("Sources", "not kept: it fired under an older Koers")
        yield from self._moved()
        others = [unit for unit in dict.fromkeys(found.explains) if unit != row.org_unit_id]
        if others:
            yield from _field("So too", ", ".join(map(label, others)))
        if found.folded_into:
            yield from _field("Told", f"not on its own: {found.folded_into} explains it")
        yield from self._defined()
        yield from _field("From", f"publication {found.publication_id}")

    def _source(self, source: SourceThen) -> str:
        until = f"up to {source.covers_until}" if source.covers_until else "of no day"
        when = f", read {moment(source.loaded_at, self.zone)}" if source.loaded_at else ""
        return f"{label(source.connector)} {until}{when}"

    def _moved(self) -> Iterator[str]:
        by: dict[str, list[str]] = {}
        for mover in self.found.moved_by:
            amount = self._amount(float(mover["contribution"]))
            effect = "" if mover["effect"] == "total" else f" ({mover['effect']})"
            by.setdefault(mover["comparison"], []).append(
                f"{label(mover['label'])}{effect} {amount}"
            )
        for n, (comparison, parts) in enumerate(by.items()):
            since = comparison.replace("_", " ")
            yield from _field("Moved by" if n == 0 else "", f"against {since}: {'; '.join(parts)}")

    def _defined(self) -> Iterator[str]:
        definition = self.found.definition
        if not self.is_of_kpi:
            return
        version = self.found.row.definition_version
        if definition is None:
            yield from _field("Defined", f"version {version}; its text was not recorded")
            return
        yield from _field("Defined", f"version {version}")
        for name, field in _DEFINED:
            if text := definition.get(field):
                yield from _field("", f"{name}: {_short(text)}")

    def _step(self, step: Step) -> Iterator[str]:
        by = f", by {step.by}" if step.by else ""
        note = f": {step.note}" if step.note else ""
        if step.kind == "message":
            how = "sent" if step.sent_at else "not sent yet"
            text = f"message to {label(step.to or '')} over {step.what}, {how}"
        elif step.kind == "action":
            text = f"action {step.what} ({step.to}){by}{note}"
        else:
            at = ""
            if self.is_of_kpi and step.period_start and step.value is not None:
                of = period(step.period_start, self.found.row.grain, "en")
                at = f" at {self._amount(step.value)} in {of}"
            text = f"{step.what.replace('_', ' ')}{at}{by}{note}"
        yield from _wrapped(f"{moment(step.at, self.zone)}  {text}", 2, 20)

    def _outcome(self, said: Outcome) -> str:
        return in_words(said, "en", self.found.row.unit, self.currency)

    def _now(self, today: Today | None) -> Iterator[str]:
        if today is None:
            yield "  Nothing is published now: koers run."
            return
        if not today.is_there:
            yield "  Nothing: the publication has no such period any more."
        elif not today.differences:
            yield "  The same as then."
        for name, (then, now) in today.differences.items():
            if today.is_there:
                shown = f"{self._shown(name, then)} then, {self._shown(name, now)} now"
                yield from _field(_NAMES.get(name, name), shown, 18)
        why = [_WHY.get(reason, reason.replace("_", " ")) for reason in today.reasons]
        if why:
            text = "; ".join(why)
            yield from _wrapped(f"{text[:1].upper()}{text[1:]}.", 2)
        elif today.differences and self.is_of_kpi:
            yield "  What was said of it is the same; only what is usual or behind it moved."
        for name, (before, after) in today.redefined.items():
            yield from _wrapped(f"{name}: {_short(before)} -> {_short(after)}", 2)
        if self.is_of_kpi:
            for source in today.sources:
                yield from _field("source", self._source(source), 18)
        yield from _field("publication", today.publication_id, 18)

    def _shown(self, name: str, amount: Any) -> str:
        if amount is None:
            return "nothing"
        if name in _AMOUNTS:
            return self._amount(float(amount))
        if name in ("numerator", "denominator", "sample_size"):
            return number(float(amount), 0 if name == "sample_size" else 2, "en")
        return label(str(amount))

    def _amount(self, amount: float) -> str:
        return value(amount, self.found.row.unit, "en", currency=self.currency)


def _short(said: Any) -> str:
    text = " ".join(str(said).split()) if said not in (None, "") else "nothing"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _field(name: str, text: str, width: int = 11) -> Iterator[str]:
    parts = textwrap.wrap(
        text, WIDTH - width - 2, break_long_words=False, break_on_hyphens=False
    ) or [""]
    for n, part in enumerate(parts):
        yield f"  {name if n == 0 else '':<{width}}{part}"


def _wrapped(text: str, indent: int, hang: int | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2 if hang is None else hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
