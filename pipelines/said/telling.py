"""What was said of a KPI, for people at 80 columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipelines.publication import Publication, open_publication
from pipelines.said.reading import Change, Figure, Redefinition
from pipelines.said.recording import SaidError
from pipelines.watch.formats import label, period, value

MOST_PERIODS = 12
"""Of one publication, before the others are counted."""
_LONGEST = 60


@dataclass(frozen=True)
class Manner:
    """Whose figures, and how they are written: the unit of the organisation, the grain of the
    periods, the KPI's unit, the currency of the organisation, and the zone of moments."""

    org_unit_id: str
    grain: str
    unit: str
    currency: str
    zone: dt.tzinfo

    def value(self, amount: float | None) -> str:
        if amount is None:
            return "no value"
        return value(amount, self.unit, "en", currency=self.currency)

    def figure(self, figure: Figure | None) -> str:
        if figure is None:
            return "nothing"
        said = self.value(figure.kpi_value)
        if figure.target is not None:
            said += f" (target {self.value(figure.target)})"
        return said + ("" if figure.is_closed else ", not over yet")

    def moment(self, moment: dt.datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"


def manner_of(
    publication: Publication,
    kpi: str,
    org_unit_id: str,
    grain: str,
    currency: str,
    zone: dt.tzinfo,
) -> Manner:
    """With the organisation and the KPI's own grain where none is named. Raises SaidError for a KPI
    that the publication does not have."""
    with open_publication(publication) as facts:
        found = facts.execute("select cadence, unit from dim_kpi where kpi = ?", [kpi]).fetchone()
        root = facts.execute(
            "select org_unit_id from dim_org_unit where layer = 'organisation'"
        ).fetchone()
    if found is None or root is None:
        raise SaidError(f"There is no KPI {kpi!r}; `koers kpi check` names them all.")
    return Manner(org_unit_id or root[0], grain or found[0], found[1], currency, zone)


def on_day(said: Sequence[Figure], now: Sequence[Figure], manner: Manner) -> Iterator[str]:
    """Every period as it was said, and what is said of it now where that differs."""
    newest = {figure.period_start: figure for figure in now}
    for figure in said:
        line = f"  {period(figure.period_start, manner.grain, 'en'):<20}{manner.figure(figure)}"
        told = newest.get(figure.period_start)
        if manner.figure(told) != manner.figure(figure):
            line += f"; now {manner.figure(told)}"
        yield line


def history(
    changes: Sequence[Change], redefinitions: Sequence[Redefinition], manner: Manner
) -> Iterator[str]:
    """What each publication said differently, and why; the oldest first."""
    parts: list[tuple[str, Any, list[str]]] = [
        (each.publication_id, each.said_at, list(_redefined(each))) for each in redefinitions
    ]
    for publication_id, group in groupby(changes, key=lambda change: change.publication_id):
        found = list(group)
        parts.append((publication_id, found[0].said_at, list(_changed(found, manner))))
    parts.sort(key=lambda part: part[0])
    for _, same in groupby(parts, key=lambda part: part[0]):
        together = list(same)
        yield f"{manner.moment(together[0][1])}"
        for _, _, lines in together:
            yield from lines


def _changed(changes: Sequence[Change], manner: Manner) -> Iterator[str]:
    if len(changes) > MOST_PERIODS and all(change.reasons == ("new",) for change in changes):
        yield f"  {len(changes)} periods were said for the first time."
        return
    for change in changes[-MOST_PERIODS:]:
        when = period(change.period_start, manner.grain, "en")
        before, now = manner.figure(change.before), manner.figure(change.now)
        figures = now if change.before is None else f"{before} -> {now}"
        why = ", ".join(reason.replace("_", " ") for reason in change.reasons)
        yield f"  {when:<20}{figures}: {why}"
    if len(changes) > MOST_PERIODS:
        yield f"  and {len(changes) - MOST_PERIODS} periods before these"


def _redefined(each: Redefinition) -> Iterator[str]:
    if all(before is None for before, _ in each.fields.values()):
        yield "  Its definition was said for the first time."
        return
    for name, (before, now) in each.fields.items():
        yield f"  {name}: {_short(before)} -> {_short(now)}"


def _short(said: Any) -> str:
    text = label(str(said)) if said not in (None, "") else "nothing"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
