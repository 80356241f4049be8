"""Letters for the tests of what channels get."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipelines.course import Point
from pipelines.movers import Mover
from pipelines.settings import Channel
from pipelines.watch.drift import FIRING, Event, Judged
from pipelines.watch.letter import Letter, Link, Section
from pipelines.watch.machine import AlertState
from pipelines.watch.messages import compose
from pipelines.watch.outgoing import Outgoing
from tests.publication.tiny import month
from tests.watch.rows import judged

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")

POINTS = tuple(
    Point(month(n), float(value), 100.0, 90.0, None, 80.0, 120.0, "stable")
    for n, value in ((1, 101), (2, 99), (3, 105), (4, 102), (5, 98), (6, 80))
)


def event(row: Judged | None = None, state: str = FIRING, **more: Any) -> Event:
    """Win rate of Team Noord, 80 in June, with its course and what moved it."""
    row = row or judged("off_course", 80.0)
    alert_id = f"{row.kpi}/{row.org_unit_id}/{row.kind}/{row.period_start}"
    moved = Mover(
        "previous_period", "child_unit", row.unit_name, "total", Decimal(-9), Decimal(-18)
    )
    given: dict[str, Any] = {"points": POINTS, "moved_by": (moved, moved)} | more
    key = f"{alert_id}#1-{state}"
    return Event(
        alert_id, row.kind, state, "pub", key, row.period_start, row, AlertState(), **given
    )


def outgoing(*events: Event, **more: Any) -> Outgoing:
    """The message about these events as the outbox gives it to a channel."""
    (message,) = compose(events or [event()], [HOOK], publication_id="20250701T", **more)
    return Outgoing(
        key=message.idempotency_key,
        owner=message.owner,
        title=message.title,
        body=message.body,
        publication_id=message.publication_id,
        channel=message.channel,
        letter=message.letter,
        at=NOW,
    )


def letter(*events: Event, **more: Any) -> Letter:
    made = outgoing(*events, **more).letter
    assert made is not None
    return made


def named(name: str, **more: Any) -> Letter:
    """A letter in which everything that others name is called this."""
    row = judged(
        "off_course",
        80.0,
        unit_name=name,
        label_nl=name,
        label_en=name,
        owner=name,
        known_event=name,
    )
    below = judged("off_course", 7.0, org_unit_id="below", unit_name=f"below {name}", owner=name)
    return letter(event(row, explains=(below,)), **more)


def storm(n: int = 1_000, name: str = "Team {n}") -> Letter:
    rows = (
        judged("off_course", float(k % 90), org_unit_id=f"u{k}", unit_name=name.format(n=k))
        for k in range(n)
    )
    return letter(*(event(row) for row in rows))


def linked(of: Letter, *links: Link) -> Letter:
    """The letter with these links in each of its alerts."""

    def with_links(section: Section) -> Section:
        return replace(
            section, entries=tuple(replace(entry, links=links) for entry in section.entries)
        )

    return replace(of, sections=tuple(map(with_links, of.sections)))
