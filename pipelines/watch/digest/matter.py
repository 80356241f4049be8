"""All there is to say in the digests of a time, whoever reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.watch.actions import Action, Outcome
from pipelines.watch.digest.timing import Span
from pipelines.watch.drift import Judged
from pipelines.watch.history import Told


@dataclass(frozen=True, slots=True)
class Item:
    """A KPI of a unit and its alert, where it has one. is_new: that began in this time.
    silent_until: aware, where it is silenced."""

    row: Judged
    told: Told | None = None
    is_new: bool = False
    silent_until: dt.datetime | None = None

    @property
    def alert_id(self) -> str | None:
        return self.told.alert.alert_id if self.told and self.told.alert.at.is_raised else None

    @property
    def waits(self) -> bool:
        """Whether its alert waits for somebody to take it up."""
        if self.told is None or self.silent_until is not None or self.told.alert.folded_into:
            return False
        at = self.told.alert.at
        return "firing" in (at.state, at.held)


@dataclass(frozen=True, slots=True)
class LateSource:
    """A source whose data were too old in this time. is_late: still. kpis: those that wait for it,
    as in dim_kpi."""

    connector: str
    covers_until: dt.date
    is_late: bool
    kpis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kpi:
    """What dim_kpi says of a KPI. review: the day on which its definition is looked at again."""

    kpi: str
    label_nl: str
    label_en: str
    owner: str
    direction: str = ""
    sources: tuple[str, ...] = ()
    review: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A corrective action that is due, overdue, or done in this time; `row` is of its alert."""

    action: Action
    outcome: Outcome
    row: Judged
    is_late: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many KPIs of units have a target and a closed period, and are off course."""

    owner: str
    layer: str
    judged: int
    off: int


@dataclass(frozen=True)
class Matter:
    """The worst first in each. unusual and better: not as usual now, the latter to the good side.
    missing: with an alert that is not over, and without data to judge by.
    back: on course or as usual again since this time; passed: began and ended in it. heads: the
    owners of the organisation itself. kpis_of: by owner. unit_of: the name of the unit of each
    alert, by its id."""

    publication_id: str
    span: Span
    today: dt.date
    kpis: Mapping[str, Kpi]
    kpis_of: Mapping[str, frozenset[str]]
    counts: tuple[Count, ...]
    heads: tuple[str, ...]
    unit_of: Mapping[str, str]
    data_until: dt.date | None = None
    off: tuple[Item, ...] = ()
    unusual: tuple[Item, ...] = ()
    better: tuple[Item, ...] = ()
    missing: tuple[Item, ...] = ()
    back: tuple[Item, ...] = ()
    passed: tuple[Item, ...] = ()
    sources: tuple[LateSource, ...] = ()
    reviews: tuple[Kpi, ...] = ()
    actions: tuple[Due, ...] = ()

    @property
    def alerts(self) -> tuple[Item, ...]:
        """What is not over."""
        return (*self.off, *self.unusual, *self.better, *self.missing)

    @property
    def owners(self) -> list[str]:
        """Everybody who owns something, by name."""
        items = (*self.alerts, *self.back, *self.passed)
        return sorted({*self.kpis_of, *self.heads, *(each.row.owner for each in items)})
