"""Corrective actions: what people agreed to do about an alert, who does it and until when, and how
the KPI changed after it. Each step is an event in the ledger, with who took it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.course import Point
from pipelines.publication import Clock, utc_now
from pipelines.watch.acts import found
from pipelines.watch.effect import FEWEST_BEFORE, Change, change
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.machine import ActError

OPEN, DONE, DROPPED = "open", "done", "dropped"

Answer = Literal["not_due", "dropped", "too_few_before", "too_early", "changed", "chance"]
"""What can be said of an action: nothing before it is due or when it was dropped; that too few
periods are there to compare; that the KPI changed after it; or that this may be chance."""

_COLUMNS = "action_id, alert_id, state, what, who, start, until, occurred_at, by, note, done_on"
_LATEST = f"""
select {_COLUMNS} from action_events
where event_id in (select max(event_id) from action_events group by action_id)
order by until, action_id
"""

# A weekday is no effect: days are compared by the week, of which five days or more must be there.
_VALUES = """
select
    (case when status.grain = 'day' then date_trunc('week', status.period_start)
        else status.period_start end)::date as first_day,
    (case when status.grain = 'day' then first_day + 6 else max(status.period_end) end)::date
        as last_day,
    avg(status.kpi_value) as kpi_value,
    avg(status.target) as target,
    avg(status.band_lower) as band_lower,
    avg(status.band_upper) as band_upper
from fct_kpi_status as status
inner join dim_kpi as kpi on kpi.kpi = status.kpi and kpi.cadence = status.grain
where
    status.kpi = $kpi and status.org_unit_id = $unit
    and status.is_closed and status.is_complete and status.kpi_value is not null
group by status.grain, first_day
having status.grain <> 'day' or count(*) >= 5
order by first_day
"""


@dataclass(frozen=True, slots=True)
class Action:
    """As its last event tells it. It was at work from `start` and had to be done on `until`."""

    action_id: str
    alert_id: str
    state: str
    what: str
    who: str
    start: dt.date
    until: dt.date
    occurred_at: dt.datetime
    by: str
    note: str | None
    done_on: dt.date | None = None

    @property
    def series(self) -> tuple[str, str]:
        """KPI and unit, which an alert's id begins with."""
        kpi, _, rest = self.alert_id.partition("/")
        return kpi, rest.rsplit("/", 2)[0]

    @property
    def outcome_key(self) -> str:
        """Names the message that tells its outcome, as `dedup_key` names that of a transition."""
        return f"{self.action_id}-outcome"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What can be said of an action now; the change where there is one to tell. `closed_before` and
    `closed_after`: the periods (weeks, of a KPI judged by the day) that can be compared."""

    answer: Answer
    change: Change | None = None
    closed_before: int = 0
    closed_after: int = 0


def add(
    ledger: Path,
    alert: str,
    what: str,
    who: str,
    until: dt.date,
    by: str,
    start: dt.date | None = None,
    clock: Clock = utc_now,
) -> Action:
    """Agree on an action about an alert (its id, or the beginning of that of an open one).

    start: its first day, today (UTC) unless told. Raises ActError for an alert that is not there,
    an empty text and an end before the start; LedgerError.
    """
    now = clock()
    start = start or now.date()
    if not what.strip() or not who.strip():
        raise ActError("Say what is done and who does it.")
    if until < start:
        raise ActError(f"An action that starts on {start} cannot be due on {until}.")
    with open_ledger(ledger) as connection, transaction(connection):
        alert_id = found(connection, alert).alert.alert_id
        number = connection.execute(
            "select count(distinct action_id) from action_events where alert_id = ?", [alert_id]
        ).fetchone()[0]
        action = Action(
            f"{alert_id}#{number + 1}",
            alert_id,
            OPEN,
            what.strip(),
            who.strip(),
            start,
            until,
            now,
            by,
            None,
        )
        _record(connection, action)
    return action


def finish(
    ledger: Path,
    action: str,
    by: str,
    note: str | None = None,
    done_on: dt.date | None = None,
    clock: Clock = utc_now,
) -> Action:
    """It is done, today (UTC) or on an earlier day. Raises ActError where it is not open or not
    there, and for a day before its start or after today; LedgerError."""
    return _step(ledger, action, DONE, by, note, clock(), done_on)


def drop(ledger: Path, action: str, by: str, reason: str, clock: Clock = utc_now) -> Action:
    """It is not going to be done, and why. Raises as `finish`, and ActError without a reason."""
    if not reason.strip():
        raise ActError("Say why it is dropped.")
    return _step(ledger, action, DROPPED, by, reason.strip(), clock())


def actions(connection: sqlite3.Connection, alert_id: str | None = None) -> list[Action]:
    """Every action as it is now, or those of one alert; what is due first comes first."""
    every = [_action(row) for row in connection.execute(_LATEST)]
    return [each for each in every if alert_id in (None, each.alert_id)]


def steps(connection: sqlite3.Connection, alert_id: str) -> list[Action]:
    """The actions about an alert as they were after each step, in the order of the steps."""
    rows = connection.execute(
        f"select {_COLUMNS} from action_events where alert_id = ? order by event_id", [alert_id]
    )
    return [_action(row) for row in rows]


def outcome(facts: duckdb.DuckDBPyConnection, action: Action, today: dt.date) -> Outcome:
    """What a publication says of an action on a day: the level of the KPI in the periods that ended
    before its start against those that began after the day it was done, or was due if nobody
    says so. What lies between is neither. Of alerts of a source there are no values to compare.
    """
    if action.state == DROPPED:
        return Outcome("dropped")
    if action.state == OPEN and today <= action.until:
        return Outcome("not_due")
    end = action.done_on or action.until
    rows = _compared(facts, action)
    before = [value for _, last, value, *_ in rows if last < action.start]
    after = [value for first, _, value, *_ in rows if first > end]
    found_change = change(before, after)
    answer: Answer
    if found_change is not None:
        answer = "changed" if found_change.is_told_from_chance else "chance"
    elif len(before) < FEWEST_BEFORE:
        answer = "too_few_before"
    else:
        answer = "too_early"
    return Outcome(answer, found_change, len(before), len(after))


def course(facts: duckdb.DuckDBPyConnection, action: Action, of: Outcome) -> tuple[Point, ...]:
    """The periods that an outcome compares and those between them, oldest first, with the level
    (mean) of before and of after; none where there is no change to tell."""
    if of.change is None:
        return ()
    end = action.done_on or action.until
    rows = _compared(facts, action)
    before = [row for row in rows if row[1] < action.start][-of.change.periods_before :]
    between = [row for row in rows if row[1] >= action.start and row[0] <= end]
    after = [row for row in rows if row[0] > end][: of.change.periods_after]
    levels = (of.change.before, None, of.change.after)
    return tuple(
        Point(first, value, target, lower, upper, level=level)
        for stretch, level in zip((before, between, after), levels, strict=True)
        for first, _, value, target, lower, upper in stretch
    )


def _compared(facts: duckdb.DuckDBPyConnection, action: Action) -> list[tuple[Any, ...]]:
    """First and last day, value, target and band of each period that can be compared."""
    kpi, unit = action.series
    return facts.execute(_VALUES, {"kpi": kpi, "unit": unit}).fetchall()


def _step(
    ledger: Path,
    name: str,
    state: str,
    by: str,
    note: str | None,
    now: dt.datetime,
    done_on: dt.date | None = None,
) -> Action:
    with open_ledger(ledger) as connection, transaction(connection):
        every = actions(connection)
        like = [each for each in every if each.action_id == name] or [
            each for each in every if each.action_id.startswith(name) and each.state == OPEN
        ]
        if len(like) != 1:
            problem = "No open action is" if not like else f"{len(like)} actions are"
            raise ActError(f"{problem} called {name}: koers alerts actions names them.")
        if like[0].state != OPEN:
            raise ActError(f"{like[0].action_id} is {like[0].state} already.")
        old = like[0]
        on = (done_on or max(now.date(), old.start)) if state == DONE else None
        if done_on and not old.start <= done_on <= now.date():
            raise ActError(
                f"{old.action_id} cannot be done on {done_on}: it started on {old.start}."
            )
        new = replace(old, state=state, occurred_at=now, by=by, note=note, done_on=on)
        _record(connection, new)
    return new


def _record(connection: sqlite3.Connection, action: Action) -> None:
    connection.execute(
        f"insert into action_events ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            action.action_id,
            action.alert_id,
            action.state,
            action.what,
            action.who,
            action.start.isoformat(),
            action.until.isoformat(),
            timestamp(action.occurred_at),
            action.by,
            action.note,
            action.done_on.isoformat() if action.done_on else None,
        ],
    )


def _action(row: sqlite3.Row) -> Action:
    said = dict(row)
    for name in ("start", "until", "done_on"):
        if said[name] is not None:
            said[name] = dt.date.fromisoformat(said[name])
    said["occurred_at"] = dt.datetime.fromisoformat(said["occurred_at"])
    return Action(**said)
