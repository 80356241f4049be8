"""The first page: how are we doing, what changed, whose turn is it, and what waits.

People are counted there, never named: it is the page that is on the screen in a meeting.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipelines.report.drawing import spark
from pipelines.report.facts import Facts, Figure
from pipelines.report.kpi_page import action_row, alert_row
from pipelines.report.ledger import Said
from pipelines.report.places import ALERTS, KPIS, SOURCES, layer_page, page_of
from pipelines.report.telling import NONE, Teller
from pipelines.report.words import LAYERS
from pipelines.watch.drift import PERSON

MOST = 10
"""Lines of a list; the rest is counted."""


def first_page(facts: Facts, said: Said, tell: Teller, today: dt.date) -> dict[str, Any]:
    """What the template of the first page needs."""
    figures = [f for f in facts.newest.values() if facts.units[f.org_unit_id].layer != PERSON]
    # All that are counted elsewhere too, people included; who of them is only counted here.
    judged = [f for f in facts.newest.values() if f.is_judged]
    all_off = [f for f in judged if f.state == "off_course"]
    off = [f for f in all_off if facts.units[f.org_unit_id].layer != PERSON]
    return {
        "answer": _answer(figures, judged, all_off, len(all_off) - len(off), tell),
        "period": _period(facts, judged or figures, tell),
        "layers": _layers(facts, tell),
        "changes": _changes(facts, figures, tell),
        "turns": _turns(facts, said, off, tell),
        "more_turns": max(0, len(off) - MOST),
        "waits": _waits(facts, said, tell, today),
        "scorecard": _scorecard(facts, tell),
    }


def _answer(
    figures: Sequence[Figure],
    judged: Sequence[Figure],
    off: Sequence[Figure],
    people: int,
    tell: Teller,
) -> list[str]:
    """How it goes, in at most three sentences. figures: without those of people; people: how many
    of those off course are of people."""
    n = len(judged)
    if not n:
        sentences = [tell.words["how_none"]]
    elif not off:
        sentences = [tell.words["how_one"] if n == 1 else tell.say("how_all", n=tell.whole(n))]
    else:
        on, wrong = tell.whole(n - len(off)), tell.whole(len(off))
        sentences = [tell.say("how_some", on=on, n=tell.whole(n), off=wrong)]
    if people:
        sentences.append(tell.counted("how_people", people))
    odd = sum(f.is_unusual and f.state != "off_course" for f in figures)
    if odd:
        sentences.append(tell.counted("how_unusual", odd))
    return sentences


def _period(facts: Facts, figures: Sequence[Figure], tell: Teller) -> str:
    """The periods that it is about: the one of most figures."""
    counted = Counter((f.period_start, facts.kpis[f.kpi].cadence) for f in figures)
    if not counted:
        return ""
    (start, cadence), _ = counted.most_common(1)[0]
    return tell.say("period_of", period=tell.period(start, cadence))


def _layers(facts: Facts, tell: Teller) -> list[dict[str, Any]]:
    rows = []
    for layer in facts.layers:
        here = [f for f in facts.newest.values() if facts.units[f.org_unit_id].layer == layer]
        on = sum(f.state == "on_course" for f in here)
        off = sum(f.state == "off_course" for f in here)
        odd = sum(f.is_unusual for f in here)
        rows.append(
            {
                "name": LAYERS[tell.language][layer],
                "href": layer_page(layer),
                "on": on,
                "off": off,
                "odd": odd,
                "targets": on + off,
                "part": round(100 * on / (on + off)) if on + off else 0,
            }
        )
    return rows


def _changes(facts: Facts, figures: Sequence[Figure], tell: Teller) -> list[dict[str, Any]]:
    """What went off course, came back, or became unusual where it is steered on, since the period
    before."""
    found: list[tuple[str, Figure, Figure]] = []
    for now in figures:
        before = facts.before.get((now.kpi, now.org_unit_id))
        if before is None:
            continue
        if now.state == "off_course" and before.state == "on_course":
            found.append(("new_off", now, before))
        elif now.state == "on_course" and before.state == "off_course":
            found.append(("new_on", now, before))
        elif now.is_unusual and not before.is_unusual and _is_steered(facts, now):
            found.append(("new_unusual", now, before))
    order = ("new_off", "new_on", "new_unusual")
    tones = {"new_off": "off_course", "new_on": "on_course", "new_unusual": "unusual"}
    groups = []
    for name in order:
        here = [each for each in found if each[0] == name]
        here.sort(key=lambda each: (facts.rank(each[1].org_unit_id), each[1].kpi))
        if here:
            badge = tell.unusual if name == "new_unusual" else tell.badge(tones[name])  # type: ignore[arg-type]
            rows = [_change(facts, now, before, tell) for _, now, before in here[:MOST]]
            more = len(here) - MOST
            groups.append({"heading": tell.words[name], "badge": badge, "rows": rows, "more": more})
    return groups


def _is_steered(facts: Facts, figure: Figure) -> bool:
    unit = facts.units[figure.org_unit_id]
    return figure.target is not None or unit.layer == facts.kpis[figure.kpi].home_layer


def _change(facts: Facts, now: Figure, before: Figure, tell: Teller) -> dict[str, Any]:
    unit = facts.kpis[now.kpi].unit
    return {
        **_named(facts, now, tell),
        "value": tell.amount(now.kpi_value, unit),
        "was": tell.say("was", value=tell.amount(before.kpi_value, unit)),
    }


def _turns(facts: Facts, said: Said, off: Sequence[Figure], tell: Teller) -> list[dict[str, Any]]:
    """What is off course, the highest unit first, with its owner and what was done about it."""
    rows = []
    for figure in sorted(off, key=lambda f: (facts.rank(f.org_unit_id), -(f.streak or 0), f.kpi)):
        kpi, unit = facts.kpis[figure.kpi], facts.units[figure.org_unit_id]
        alerts = [
            alert_row(each, facts, tell)
            for each in said.of(figure.kpi, figure.org_unit_id)
            if each.is_raised and each.kind == "tolerance"
        ]
        agreed = [
            action_row(each, kpi, tell, facts)
            for each in said.actions_of(figure.kpi, figure.org_unit_id)
        ]
        rows.append(
            {
                **_named(facts, figure, tell),
                "value": tell.amount(figure.kpi_value, kpi.unit),
                "target": tell.amount(figure.target, kpi.unit),
                "band": tell.band(figure.band_lower, figure.band_upper, kpi.unit),
                "streak": tell.streak(figure),
                "owner": unit.owner or kpi.owner,
                "badges": tell.badges(figure),
                "signal": alerts[0]["state"] if alerts else NONE,
                "by": alerts[0]["by"] if alerts else "",
                "actions": [each for each in agreed if each["is_open"]],
            }
        )
    return rows[:MOST]


def _waits(facts: Facts, said: Said, tell: Teller, today: dt.date) -> list[tuple[str, str]]:
    """Sentences, each with the page where it is."""
    alerts = [each for each in said.alerts if not each.is_of_source]
    overdue = [each for each in said.actions if each.is_overdue(today)]
    going = [each for each in said.actions if each.action.state == "open" and each not in overdue]
    reviews = [k for k in facts.kpis.values() if k.review_date and k.review_date < today]
    silent = [each for each in said.alerts if each.is_of_source and each.is_raised]
    counts = [
        ("wait_alert", sum(each.waits for each in alerts), ALERTS),
        ("wait_due", len(overdue), ALERTS),
        ("wait_open", len(going), ALERTS),
        ("wait_review", len(reviews), KPIS),
        ("wait_source", len(silent), SOURCES),
    ]
    return [(tell.counted(key, n), href) for key, n, href in counts if n]


def _scorecard(facts: Facts, tell: Teller) -> list[dict[str, Any]]:
    """A tile for every KPI that is steered on at the top: of the organisation, or with a target
    there."""
    tiles = []
    for unit in facts.in_layer("organisation"):
        here = [f for f in facts.newest.values() if f.org_unit_id == unit.org_unit_id]
        here = [f for f in here if _is_steered(facts, f) and f.state != "hidden"]
        order = {"off_course": 0, "on_course": 1}
        here.sort(key=lambda f: (order.get(f.state, 2), tell.label(facts.kpis[f.kpi])))
        for figure in here:
            kpi = facts.kpis[figure.kpi]
            before = facts.before.get((figure.kpi, figure.org_unit_id))
            change = None
            if before and before.kpi_value is not None and figure.kpi_value is not None:
                change = figure.kpi_value - before.kpi_value
            tiles.append(
                {
                    **_named(facts, figure, tell),
                    "value": tell.amount(figure.kpi_value, kpi.unit),
                    "target": tell.amount(figure.target, kpi.unit),
                    "change": tell.change(change, kpi.unit),
                    "badges": tell.marks(figure),
                    "owner": unit.owner if len(facts.in_layer("organisation")) > 1 else kpi.owner,
                    "spark": spark(facts.at_the_top[figure.kpi].get(figure.org_unit_id, [])),
                }
            )
    return tiles


def _named(facts: Facts, figure: Figure, tell: Teller) -> dict[str, Any]:
    return {
        "kpi": tell.label(facts.kpis[figure.kpi]),
        "unit": facts.units[figure.org_unit_id].name,
        "href": page_of(figure.kpi, figure.org_unit_id),
    }
