"""What the alert ledger says to an audience: alerts of the KPIs and units that its publication
shows, and what was agreed about them.

The ledger knows more than an audience may: so every alert is held against the publication. One that
is about a hidden figure, or about a series of which figures are hidden because a group is small, is
left out, as is one whose KPI is not judged there. Figures never come from the ledger. Who did
something, and the text of an action, can name people: those are for audiences that see people.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb

from pipelines.audiences import Audience
from pipelines.watch.actions import OPEN, Action, Outcome, actions, outcome
from pipelines.watch.drift import KINDS
from pipelines.watch.formats import label
from pipelines.watch.ledger import open_ledger
from pipelines.watch.machine import MISSING, RAISED

_EVENTS = """
select alert_id, kpi, org_unit_id, kind, state, occurred_at, period_start, detail
from alert_events
order by event_id
"""
# At the cadence of the KPI there has to be a judgement; at no grain a hidden figure of that series.
_SHOWN = """
with wanted as (
    select
        unnest($kpis::varchar[]) as kpi,
        unnest($units::varchar[]) as org_unit_id,
        unnest($starts::date[]) as period_start
)

select distinct wanted.kpi, wanted.org_unit_id, wanted.period_start
from wanted
inner join dim_kpi as kpi on wanted.kpi = kpi.kpi
inner join fct_kpi_status as status
    on
        wanted.kpi = status.kpi
        and wanted.org_unit_id = status.org_unit_id
        and wanted.period_start = status.period_start
        and kpi.cadence = status.grain
where
    status.status is not null
    and not status.is_suppressed
    and not exists (
        select 1 from fct_kpi_status as hidden
        where
            hidden.kpi = wanted.kpi
            and hidden.org_unit_id = wanted.org_unit_id
            and hidden.is_suppressed
            and (
                hidden.suppression <> 'open_period' or hidden.period_start = wanted.period_start
            )
    )
"""


@dataclass(frozen=True, slots=True)
class Transition:
    """at: aware. by, note: empty where the audience sees no people."""

    state: str
    at: dt.datetime
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as an audience sees it, its transitions oldest first."""

    alert_id: str
    kpi: str
    org_unit_id: str
    kind: str
    since: dt.date | None
    period_start: dt.date
    is_raised: bool
    is_folded: bool
    transitions: tuple[Transition, ...]

    @property
    def state(self) -> str:
        return self.transitions[-1].state

    @property
    def waits(self) -> bool:
        """Nobody has said to work on it."""
        return self.state == "firing" and not self.is_folded

    @property
    def is_of_source(self) -> bool:
        return self.kind not in KINDS


@dataclass(frozen=True, slots=True)
class SeenAction:
    """An action; what, who and by are empty where the audience sees no people."""

    action: Action
    outcome: Outcome

    def is_overdue(self, today: dt.date) -> bool:
        return self.action.state == OPEN and self.action.until < today


@dataclass(frozen=True)
class Said:
    """Everything of the ledger that goes into a report. alerts: the newest first."""

    alerts: tuple[Seen, ...] = ()
    actions: tuple[SeenAction, ...] = ()

    @cached_property
    def _by_series(self) -> dict[tuple[str, str], list[Seen]]:
        found: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
        for each in self.alerts:
            found[each.kpi, each.org_unit_id].append(each)
        return found

    def of(self, kpi: str, org_unit_id: str) -> list[Seen]:
        return self._by_series.get((kpi, org_unit_id), [])

    def actions_of(self, kpi: str, org_unit_id: str) -> list[SeenAction]:
        return [each for each in self.actions if each.action.series == (kpi, org_unit_id)]


def read_said(
    ledger: Path, publication: duckdb.DuckDBPyConnection, audience: Audience, today: dt.date
) -> Said:
    """Read the ledger for an audience; nothing where there is none. Raises LedgerError."""
    if not ledger.exists():
        return Said()
    with open_ledger(ledger) as connection:
        alerts = _alerts(connection)
        agreed = actions(connection)
    shown = alerts if audience.is_whole else _shown(publication, alerts)
    shown = [each if _sees_people(audience, each.kpi) else _without_people(each) for each in shown]
    shown.sort(key=lambda each: (each.transitions[-1].at, each.alert_id), reverse=True)
    visible = {each.alert_id for each in shown}
    return Said(
        tuple(shown),
        tuple(
            SeenAction(
                each if _sees_people(audience, each.series[0]) else _anonymous(each),
                outcome(publication, each, today),
            )
            for each in agreed
            if each.alert_id in visible
        ),
    )


def mark(ledger: Path, today: dt.date) -> str:
    """Changes when there is something new to tell of the ledger: a later event, or another day
    while an action is open. Cheap."""
    if not ledger.exists():
        return "none"
    with open_ledger(ledger) as connection:
        tables = ("alert_events", "action_events", "expected_events")
        newest = [
            connection.execute(f"select coalesce(max(event_id), 0) from {table}").fetchone()[0]
            for table in tables
        ]
        is_open = any(each.state == OPEN for each in actions(connection))
    return "-".join(map(str, [*newest, today if is_open else ""]))


def _alerts(connection: sqlite3.Connection) -> list[Seen]:
    events: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
    for event in connection.execute(_EVENTS):
        events[event["alert_id"]].append(event)
    return [_seen(rows) for rows in events.values()]


def _seen(rows: list[sqlite3.Row]) -> Seen:
    last = rows[-1]
    details = [json.loads(row["detail"]) for row in rows]
    detail = details[-1]
    held = (detail.get("at") or {}).get("held")
    since = detail.get("since")
    return Seen(
        alert_id=last["alert_id"],
        kpi=last["kpi"],
        org_unit_id=last["org_unit_id"],
        kind=last["kind"],
        since=dt.date.fromisoformat(since) if since else None,
        period_start=dt.date.fromisoformat(last["period_start"]),
        is_raised=last["state"] in RAISED or (last["state"] in MISSING and held in RAISED),
        is_folded=bool(detail.get("folded_into")),
        transitions=tuple(
            Transition(
                row["state"],
                dt.datetime.fromisoformat(row["occurred_at"]),
                label(said["by"]) if said.get("by") else "",
                label(said["note"]) if said.get("note") else "",
            )
            for row, said in zip(rows, details, strict=True)
        ),
    )


def _shown(publication: duckdb.DuckDBPyConnection, alerts: Iterable[Seen]) -> list[Seen]:
    alerts = [each for each in alerts if not each.is_of_source]
    if not alerts:
        return []
    asked = {
        "kpis": [each.kpi for each in alerts],
        "units": [each.org_unit_id for each in alerts],
        "starts": [each.period_start for each in alerts],
    }
    shown = set(publication.execute(_SHOWN, asked).fetchall())
    return [each for each in alerts if (each.kpi, each.org_unit_id, each.period_start) in shown]


def _sees_people(audience: Audience, kpi: str) -> bool:
    return audience.is_whole or audience.names_individuals(kpi)


def _without_people(alert: Seen) -> Seen:
    return replace(
        alert, transitions=tuple(Transition(each.state, each.at) for each in alert.transitions)
    )


def _anonymous(action: Action) -> Action:
    return replace(action, what="", who="", by="", note=None)
