"""The page of a KPI of a unit: where it stands, its course, why, what was said and done, and what
it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipelines.kpis.lint.facts import Facts as LintFacts
from pipelines.kpis.lint.finding import Finding
from pipelines.kpis.lint.telling import sentences
from pipelines.report.drawing import spark
from pipelines.report.facts import SMART, Facts, Figure, Kpi, Moves, last_closed
from pipelines.report.ledger import Said, Seen, SeenAction
from pipelines.report.places import page_of
from pipelines.report.telling import NONE, Teller
from pipelines.report.words import ALERT_STATES, KINDS, OUTCOMES

MOST_MOVES = 12
_REMAINDER = "(remainder)"
_COMPARISONS = ("previous_period", "target", "same_period_last_year")


class KpiPages:
    """The pages of one KPI in one language. found: what the KPI check says of it."""

    def __init__(
        self,
        kpi: Kpi,
        facts: Facts,
        said: Said,
        teller: Teller,
        courses: dict[str, list[Figure]],
        moves: dict[str, list[Moves]],
        findings: Sequence[Finding],
        lint: LintFacts,
    ) -> None:
        self.kpi, self.facts, self.said, self.tell = kpi, facts, said, teller
        self.courses, self.moves = courses, moves
        self.sparks = {unit: spark(course) for unit, course in courses.items()}
        self.definition = _definition(kpi, facts, teller)
        self.smart = [
            (teller.words[f"smart_{name}"], kpi.smart[name]) for name in SMART if kpi.smart[name]
        ]
        self.findings = [
            (teller.words[f"severity_{each.severity}"], *sentences(each, lint, teller.language))
            for each in findings
        ]

    def page(self, org_unit_id: str) -> dict[str, Any]:
        """What the template needs for one unit."""
        kpi, tell = self.kpi, self.tell
        unit, course = self.facts.units[org_unit_id], self.courses[org_unit_id]
        now = self.facts.newest.get((kpi.kpi, org_unit_id)) or last_closed(course)
        running = [f for f in course if f.state == "open" and f.kpi_value is not None][-1:]
        said_running = ""
        if running:
            said_running = tell.say(
                "running",
                period=tell.period(running[0].period_start, kpi.cadence).capitalize(),
                value=tell.amount(running[0].kpi_value, kpi.unit),
            )
        return {
            "kpi": kpi,
            "unit": unit,
            "now": now,
            "period": tell.period(now.period_start, kpi.cadence) if now else "",
            "badges": tell.badges(now) if now else [],
            "value": tell.amount(now.kpi_value, kpi.unit) if now else NONE,
            "numbers": self._numbers(now) if now else [],
            "running": said_running,
            "trend": self._trend(course, unit.name),
            "trend_kind": f"trend/{kpi.unit}/{kpi.cadence}",
            "waterfall_kind": f"waterfall/{kpi.unit}",
            "moves": self._moves(org_unit_id, now),
            "alerts": [
                alert_row(each, self.facts, tell) for each in self.said.of(kpi.kpi, org_unit_id)
            ],
            "actions": [
                action_row(each, kpi, tell, self.facts)
                for each in self.said.actions_of(kpi.kpi, unit.org_unit_id)
            ],
            "below": [self._small(x.org_unit_id) for x in self.facts.children(org_unit_id)
                      if x.org_unit_id in self.courses],
            "above": self._above(org_unit_id),
            "definition": self.definition,
            "smart": self.smart,
            "findings": self.findings,
        }  # fmt: skip

    def _numbers(self, now: Figure) -> list[tuple[str, str]]:
        tell, unit, words = self.tell, self.kpi.unit, self.tell.words
        found = [(words["target"], tell.amount(now.target, unit))]
        if now.target is not None:
            found.append((words["band"], tell.band(now.band_lower, now.band_upper, unit)))
        usual = tell.band(now.process_lower, now.process_upper, unit)
        if usual != NONE:
            found.append((words["usual"], usual))
        if now.is_judged and (streak := tell.streak(now)):
            found.append((words["since"], streak))
        if now.deviation:
            found.append((words["deviation"], tell.change(now.deviation, unit)))
        if now.sample_size is not None:
            found.append((words["sample"], tell.whole(now.sample_size)))
        if now.known_event:
            found.append((words["event"], now.known_event))
        if now.data_as_of:
            found.append((words["data_as_of"], tell.date(now.data_as_of)))
        return found

    def _trend(self, course: Sequence[Figure], unit_name: str) -> dict[str, Any] | None:
        tell, kpi = self.tell, self.kpi
        shown = [f for f in course if f.state not in ("open", "partial")]
        while shown and shown[0].kpi_value is None and shown[0].state == "no_data":
            shown = shown[1:]
        known = [f for f in shown if finite(f.kpi_value) is not None]
        if not known:
            return None
        values = [float(f.kpi_value or 0) for f in known]
        rows = [
            {
                "figure": f,
                "period": tell.period(f.period_start, kpi.cadence),
                "value": tell.amount(f.kpi_value, kpi.unit),
                "target": tell.amount(f.target, kpi.unit),
                "band": tell.band(f.band_lower, f.band_upper, kpi.unit),
                "usual": tell.band(f.process_lower, f.process_upper, kpi.unit),
                "badges": tell.badges(f),
                "mark": "off" if f.state == "off_course" else "unusual" if f.is_unusual else "",
            }
            for f in shown
        ]
        alt = tell.say(
            "trend_alt",
            kpi=tell.label(kpi),
            unit=unit_name,
            first=rows[0]["period"],
            last=rows[-1]["period"],
            low=tell.amount(min(values), kpi.unit),
            high=tell.amount(max(values), kpi.unit),
            now=tell.amount(values[-1], kpi.unit),
            off=sum(f.state == "off_course" for f in shown),
            unusual=sum(f.is_unusual for f in shown),
            n=len(shown),
        )
        has = {
            "target": any(f.target is not None for f in shown),
            "band": any(f.band_lower is not None or f.band_upper is not None for f in shown),
            "usual": any(f.process_lower is not None for f in shown),
            "off": any(f.state == "off_course" for f in shown),
            "unusual": any(f.is_unusual for f in shown),
        }
        return {"rows": rows, "alt": alt, "has": has}

    def _moves(self, org_unit_id: str, now: Figure | None) -> list[dict[str, Any]]:
        if now is None or now.kpi_value is None:
            return []
        of_unit = self.moves.get(org_unit_id, [])
        of_unit = sorted(
            of_unit, key=lambda m: (_COMPARISONS.index(m.comparison), m.contributor_type)
        )
        return [self._waterfall(each, now.kpi_value) for each in of_unit]

    def _waterfall(self, moved: Moves, end: float) -> dict[str, Any]:
        tell, unit = self.tell, self.kpi.unit
        ranked = sorted(moved.moves, key=lambda m: (-abs(m.contribution), m.name, m.effect))
        shown = [(self._contributor(move, moved.contributor_type), move.contribution)
                 for move in ranked[:MOST_MOVES]]  # fmt: skip
        if rest := ranked[MOST_MOVES:]:
            others = tell.say("others", n=tell.whole(len(rest)))
            shown.append((others, math.fsum(move.contribution for move in rest)))
        start = end - moved.change
        rows, at = [], start
        for label, amount in shown:
            rows.append(
                {
                    "label": label,
                    "amount": tell.change(amount, unit),
                    "share": tell.share(amount / moved.change if moved.change else None),
                    "from": at,
                    "to": at + amount,
                }
            )
            at += amount
        heading = (
            f"{tell.words['vs_' + moved.comparison]} {tell.change(moved.change, unit)}, "
            f"{tell.words['by_' + moved.contributor_type]}"
        )
        first = tell.amount(start, unit)
        if moved.comparison == "target":
            first_label = tell.words["target"]
        elif moved.compared_with:
            first_label = tell.period(moved.compared_with, self.kpi.cadence)
        else:
            first_label = tell.words["start"]
        alt = tell.say(
            "waterfall_alt",
            start=first,
            end=tell.amount(end, unit),
            parts=", ".join(f"{row['label']} {row['amount']}" for row in rows[:3]),
        )
        return {
            "heading": heading,
            "rows": rows,
            "start": start,
            "start_label": first_label,
            "start_value": first,
            "end": end,
            "end_value": tell.amount(end, unit),
            "alt": alt,
        }

    def _contributor(self, move: Any, contributor_type: str) -> str:
        name: str = move.name
        if move.contributor == _REMAINDER:
            name = self.tell.words["remainder"]
        elif contributor_type == "driver_kpi" and move.contributor in self.facts.kpis:
            name = self.tell.label(self.facts.kpis[move.contributor])
        if move.effect != "total":
            name = f"{name} ({self.tell.words['effect_' + move.effect]})"
        return name

    def _small(self, org_unit_id: str) -> dict[str, Any]:
        """A unit as a small picture with its value."""
        figure = self.facts.newest.get((self.kpi.kpi, org_unit_id))
        return {
            "name": self.facts.units[org_unit_id].name,
            "href": page_of(self.kpi.kpi, org_unit_id),
            "spark": self.sparks.get(org_unit_id),
            "value": self.tell.amount(figure.kpi_value, self.kpi.unit) if figure else NONE,
            "target": self.tell.amount(figure.target, self.kpi.unit) if figure else NONE,
            "badges": self.tell.marks(figure) if figure else [],
        }

    def _above(self, org_unit_id: str) -> list[tuple[str, str]]:
        """The units above it that have this KPI, from the top: name and page."""
        found = []
        at, seen = self.facts.units[org_unit_id].parent_id, {org_unit_id}
        while at in self.facts.units and at not in seen:
            seen.add(at)
            unit = self.facts.units[at]
            if at in self.courses:
                found.append((unit.name, page_of(self.kpi.kpi, at)))
            at = unit.parent_id
        return found[::-1]


def alert_row(alert: Seen, facts: Facts, tell: Teller) -> dict[str, Any]:
    """An alert for people, with the page it is about where there is one."""
    words = ALERT_STATES[tell.language]
    kpi, unit = facts.kpis.get(alert.kpi), facts.units.get(alert.org_unit_id)
    cadence = kpi.cadence if kpi else "day"
    is_there = (alert.kpi, alert.org_unit_id) in facts.newest
    last = alert.transitions[-1]
    return {
        "kpi": tell.label(kpi) if kpi else alert.kpi,
        "unit": unit.name if unit else ("" if alert.is_of_source else alert.org_unit_id),
        "owner": (unit.owner if unit and unit.owner else kpi.owner if kpi else NONE),
        "href": page_of(alert.kpi, alert.org_unit_id) if is_there else "",
        "kind": KINDS[tell.language].get(alert.kind, alert.kind),
        "tone": "unusual" if alert.kind == "drift" else "off_course",
        "state": words["folded" if alert.is_folded and alert.is_raised else alert.state],
        "is_raised": alert.is_raised,
        "since": tell.period(alert.since, cadence) if alert.since else NONE,
        "period": tell.period(alert.period_start, cadence),
        "last": tell.date(last.at.date()),
        "by": last.by,
        "transitions": [
            (tell.date(each.at.date()), words[each.state], each.by, each.note)
            for each in alert.transitions
        ],
    }


def action_row(seen: SeenAction, kpi: Kpi | None, tell: Teller, facts: Facts) -> dict[str, Any]:
    """An action for people. What and who are empty where the audience sees no people."""
    action, words, unit = seen.action, OUTCOMES[tell.language], kpi.unit if kpi else "number"
    name, org_unit_id = action.series
    state = action.state
    if state == "open" and seen.outcome.answer != "not_due":
        state = "overdue"
    told = ""
    if state not in ("dropped", "open"):
        change = seen.outcome.change
        told = words[seen.outcome.answer].format(
            before=tell.amount(change.before, unit) if change else "",
            after=tell.amount(change.after, unit) if change else "",
        )
    return {
        "what": action.what or tell.words["action_hidden"],
        "who": action.who or NONE,
        "until": tell.date(action.done_on or action.until),
        "state": words[state],
        "tone": "off_course" if state == "overdue" else "no_target",
        "is_open": action.state == "open",
        "outcome": told,
        "kpi": tell.label(kpi) if kpi else name,
        "unit": facts.units[org_unit_id].name if org_unit_id in facts.units else org_unit_id,
        "href": page_of(name, org_unit_id) if (name, org_unit_id) in facts.newest else "",
    }


def _definition(kpi: Kpi, facts: Facts, tell: Teller) -> list[tuple[str, str]]:
    words = tell.words
    covers = facts.covers_until
    if kpi.denominator:
        computed = tell.say("formula_ratio", numerator=kpi.numerator, denominator=kpi.denominator)
    else:
        computed = f"{kpi.numerator or '-'} ({tell.value_of(kpi.metric_type)})"
    if kpi.drivers:
        names = [tell.label(facts.kpis[d]) if d in facts.kpis else d for d in kpi.drivers]
        relation = f" ({tell.value_of(kpi.driver_relation)})" if kpi.driver_relation else ""
        drivers = [(words["by_driver_kpi"].capitalize(), ", ".join(names) + relation)]
    else:
        drivers = []
    sources = [
        f"{source} ({tell.say('covers', day=tell.date(covers[source]))})"
        for source in kpi.sources
        if source in covers
    ]
    return [
        (words["what_is"], kpi.description[tell.language]),
        (words["computed"], computed),
        *drivers,
        (words["owner"], kpi.owner),
        (words["direction"], tell.value_of(kpi.direction)),
        (words["cadence"], tell.value_of(kpi.cadence)),
        *([(words["sources_of"], ", ".join(sources))] if sources else []),
        (words["review"], tell.date(kpi.review_date)),
        (words["version"], kpi.definition_version or NONE),
    ]


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
