"""The entries of a digest: a KPI, an action, the KPIs to review, a source; each in a few lines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipelines.watch.actions import DONE, DROPPED
from pipelines.watch.digest.matter import Due, Item, Kpi, LateSource, Matter
from pipelines.watch.digest.words import DIGEST_WORDS
from pipelines.watch.drift import DRIFT, PERSON, Judged
from pipelines.watch.figures import Figures
from pipelines.watch.formats import date, label, number, period
from pipelines.watch.letter import Entry
from pipelines.watch.machine import MISSING
from pipelines.watch.outcome_words import in_words
from pipelines.watch.words import WORDS

NAMES = 12
"""Of KPIs or units in one line; the others are counted."""


class Entries:
    """In one language. currency: ISO 4217; zone: of the moments; is_whole: owners are named."""

    def __init__(
        self, matter: Matter, language: str, currency: str, zone: dt.tzinfo, is_whole: bool
    ) -> None:
        self.matter = matter
        self.language = language
        self.currency = currency
        self.zone = zone
        self.is_whole = is_whole
        self.words = DIGEST_WORDS[language]
        self.of_alerts = WORDS[language]
        self.figures = Figures(language, currency)

    def item(self, tone: str, item: Item, below: Sequence[Judged] = ()) -> Entry:
        """A KPI of a unit. below: of those that are named with it."""
        row = item.row
        shown, band, target = self.figures.parts(row)
        gap = self.figures.gap(row)
        target_name = self.of_alerts["target_name"]
        facts = {
            target_name: self._target(row, band, target),
            self.of_alerts["usual_name"]: self.figures.usual_band(row) if row.kind == DRIFT else "",
            self._since_name(item): self._since(item),
            self.words["alert_name"]: self.state(item),
            self.of_alerts["event_name"]: label(row.known_event) if row.known_event else "",
            self.of_alerts["explains_name"]: self._names(
                label(each.unit_name) for each in below if each.layer != PERSON
            ),
            self.of_alerts["owner_name"]: label(row.owner) if self.is_whole else "",
        }
        badge = self._badge(tone, item)
        if tone == "missing":
            return self._without_value(item, badge, facts)
        lines = [badge, f"{self.figures.said(row)} {gap}".rstrip()]
        # The sentence of the value says the target.
        lines += [f"{name}: {said}" for name, said in facts.items() if said and name != target_name]
        return Entry(
            tone=tone,
            kpi=self.figures.label(row),
            unit=label(row.unit_name),
            period=self.figures.period(row),
            lines=tuple(lines),
            badge=badge,
            value=shown,
            gap=gap.removesuffix("."),
            facts=tuple((name, said) for name, said in facts.items() if said),
            value_unit=row.unit,
            grain=row.grain,
        )

    def _without_value(self, item: Item, badge: str, facts: dict[str, str]) -> Entry:
        kept = (self._since_name(item), self.words["alert_name"], self.of_alerts["owner_name"])
        return Entry(
            tone="missing",
            kpi=self.figures.label(item.row),
            unit=label(item.row.unit_name),
            period=self.figures.period(item.row),
            lines=tuple(f"{name}: {facts[name]}" for name in kept if facts[name]),
            badge=badge,
            value_unit=item.row.unit,
            grain=item.row.grain,
        )

    def state(self, item: Item) -> str:
        """Who does something about its alert; nothing where it has none."""
        if item.told is None:
            return ""
        at, told = item.told.alert.at, item.told
        by, note = label(told.by) if told.by else "", f": {label(told.note)}" if told.note else ""
        if at.state == "pending":
            row = item.row
            return self.words["state_pending"].format(
                out=row.off_of_last, of=row.of_periods, fire=row.fire_periods
            )
        if not at.is_raised:
            return ""
        if item.silent_until is not None:
            return self.words["state_silenced"].format(until=self._moment(item.silent_until))
        state = at.held if at.state in MISSING else at.state
        if told.alert.folded_into and state == "firing":
            above = told.alert.folded_into
            unit = label(self.matter.unit_of.get(above, above))
            return self.words["state_folded"].format(unit=unit)
        if state == "snoozed" and at.snoozed_until is not None:
            until = self._moment(at.snoozed_until)
            return self.words["state_snoozed"].format(until=until, by=by or "-", note=note)
        if state == "acknowledged":
            name = "state_taken" if by else "state_taken_unnamed"
            return self.words[name].format(by=by, note=note)
        if state == "recovering":
            return self.words["state_recovering"]
        waits = self.words["state_waits"]
        return f"{waits} ({self.words['state_no_data']})" if at.state in MISSING else waits

    def action(self, due: Due) -> Entry:
        """What was agreed, and how the KPI went on."""
        action = due.action
        state, tone = ("overdue", "off") if due.is_late else ("by", "actions")
        if action.state in (DONE, DROPPED):
            state, tone = action.state, "normal" if action.state == DONE else "actions"
        about = self.words["action_about"].format(
            kpi=self.figures.label(due.row), unit=label(due.row.unit_name)
        )
        note = [label(action.note).rstrip(".") + "."] if action.note else []
        day = date(action.done_on or action.until, self.language)
        return Entry(
            tone=tone,
            kpi=label(action.what),
            unit=label(action.who),
            period=self.words[state].format(day=day),
            lines=(about, *self._outcome(due), *note),
            badge=self.words[f"{state}_badge"],
        )

    def reviews(self, kpis: Sequence[Kpi]) -> list[Entry]:
        """One entry of those that are overdue, one of those that are due soon."""
        today = self.matter.today
        made = []
        for is_late in (True, False):
            those = [k for k in kpis if k.review is not None and (k.review < today) is is_late]
            if not those:
                continue
            first = min(k.review for k in those if k.review is not None)
            by_owner: defaultdict[str, list[str]] = defaultdict(list)
            for kpi in those:
                by_owner[kpi.owner].append(self._label(kpi))
            if self.is_whole:
                lines = [
                    self.words["review_owner"].format(owner=label(owner), kpis=self._names(names))
                    for owner, names in sorted(by_owner.items())
                ]
            elif len(those) == 1:
                lines = []  # its name stands above
            else:
                lines = [self._names(name for names in by_owner.values() for name in names) + "."]
            many = self.words["review_many"].format(n=number(len(those), 0, self.language))
            state = "overdue" if is_late else "by"
            made.append(
                Entry(
                    tone="off" if is_late else "reviews",
                    kpi=self._label(those[0]) if len(those) == 1 else many,
                    unit="",
                    period=self.words[state].format(day=date(first, self.language)),
                    lines=(*lines, self.words["review_what"]),
                    badge=self.words[f"{state}_badge"],
                )
            )
        return made

    def source(self, source: LateSource) -> Entry:
        until = date(source.covers_until, self.language)
        lines = [self.words["late" if source.is_late else "was_late"].format(until=until)]
        if source.is_late and source.kpis:
            names = self._names(self._label(self.matter.kpis[kpi]) for kpi in source.kpis)
            n = len(source.kpis)
            name = "wait_one" if n == 1 else "wait"
            lines.append(self.words[name].format(n=number(n, 0, self.language), kpis=names))
        return Entry(
            tone="off" if source.is_late else "normal",
            kpi=label(source.connector),
            unit="",
            period="",
            lines=tuple(lines),
            badge=self.words["late_badge" if source.is_late else "was_late_badge"],
        )

    def _badge(self, tone: str, item: Item) -> str:
        is_drift = item.row.kind == DRIFT
        badge = self.of_alerts["drift_badge" if is_drift else "off_badge"]
        if _is_over(item):
            badge = self.of_alerts["normal_badge" if is_drift else "back_badge"]
        elif item.told is not None and item.told.alert.at.state == "recovering":
            badge = self.words["recovering_badge"]
        elif tone == "back":
            badge = self.words["better_badge"]
        return self.words["new"].format(badge=badge) if item.is_new else badge

    def _target(self, row: Judged, band: str, target: str) -> str:
        if row.target is None:
            return ""
        return self.words["target_band"].format(target=target, band=band)

    def _since_name(self, item: Item) -> str:
        is_over = _is_over(item)
        if item.row.kind == DRIFT:
            return self.of_alerts["normal_name" if is_over else "drift_name"]
        return self.of_alerts["back_name" if is_over else "off_name"]

    def _since(self, item: Item) -> str:
        row, told = item.row, item.told
        first = row.off_since
        if told is not None and (told.alert.at.is_raised or _is_over(item)):
            first = told.alert.since
        if first is None:
            return ""
        since = period(first, row.grain, self.language)
        if row.off_periods < 2:
            return since
        n = self.figures.count(row.off_periods)
        return self.of_alerts["since_periods"].format(since=since, n=n)

    def _outcome(self, due: Due) -> list[str]:
        said, row = due.outcome, due.row
        if said.answer in ("not_due", "dropped"):
            return []
        sentence = in_words(said, self.language, row.unit, self.currency)
        return [f"{sentence[0].upper()}{sentence[1:]}."]

    def _label(self, kpi: Kpi) -> str:
        return label(kpi.label_nl if self.language == "nl" else kpi.label_en)

    def _names(self, names: Iterable[str]) -> str:
        every = list(dict.fromkeys(names))
        said = ", ".join(every[:NAMES])
        if len(every) > NAMES:
            n = number(len(every) - NAMES, 0, self.language)
            said = self.words["more"].format(names=said, n=n)
        return said

    def _moment(self, moment: dt.datetime) -> str:
        local = moment.astimezone(self.zone)
        return f"{date(local.date(), self.language)} {local:%H:%M}"


def _is_over(item: Item) -> bool:
    """Whether its alert has ended, and it is not out of its band before a new one was made."""
    if item.told is None or item.told.alert.at.state != "resolved":
        return False
    return item.row.kind == DRIFT or item.row.status != "off_course"
