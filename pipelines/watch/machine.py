"""One alert as a state machine: pure, one reading or act at a time.

    ok ──▶ pending ──▶ firing ──▶ recovering ──▶ resolved
                       │    ▲          │ ▲
                       ▼    └──────────┘ │   out again: the same alert, and no new message
             acknowledged ◀──▶ snoozed ──┘
    any open state ──▶ no_data | insufficient_data ──▶ back to where it was, or on to recovering
    any open state ──▶ ended: its unit, KPI, target or source is gone, so nothing resolves it

`fire` of the last `of` periods must be out before it fires, and `recover` periods in a row well
inside before it is resolved, so a value that flaps around the edge of its band is one alert with
one message. Missing data never resolve anything. An alert is told once; again only when a snooze
has ended, or when it was over and late data say otherwise.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

State = Literal[
    "ok",
    "pending",
    "firing",
    "acknowledged",
    "snoozed",
    "recovering",
    "resolved",
    "no_data",
    "insufficient_data",
    "ended",
]
Verdict = Literal["out", "edge", "in", "no_data", "insufficient_data"]
"""Of one period. edge: inside the band, but not by the margin that ends an alert."""

Ending = Literal["unit_ended", "kpi_retired", "target_withdrawn", "source_removed"]
"""Why there is nothing left to judge."""

MISSING: tuple[State, ...] = ("no_data", "insufficient_data")
STANDING: tuple[State, ...] = ("firing", "acknowledged", "snoozed")
RAISED: tuple[State, ...] = (*STANDING, "recovering")
OPEN: tuple[State, ...] = ("pending", *RAISED, *MISSING)


class ActError(ValueError):
    """What a person asked for does not fit the state that the alert is in; the text says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """fire of the last `of` periods must be out; `recover` in a row well inside end it."""

    fire: int = 1
    of: int = 1
    recover: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the newest closed period says, with the periods before it as they are known now.

    out_of_last: how many of the last `of` periods are out, this one included. in_a_row: how many
    periods up to this one are well inside, periods without a value apart.
    """

    period_start: dt.date
    verdict: Verdict
    out_of_last: int = 0
    in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where an alert is. held: the state that missing data interrupted. ending: why it has ended.
    is_told: a message went out, or will, that it fires; is_escalated: another one, since nobody
    acknowledged it in time. period_start: of the last reading that changed something."""

    state: State = "ok"
    period_start: dt.date | None = None
    held: State | None = None
    is_acknowledged: bool = False
    snoozed_until: dt.datetime | None = None
    is_told: bool = False
    is_escalated: bool = False
    ending: Ending | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_raised(self) -> bool:
        """Whether it has fired and is not over, whatever was done about it."""
        return self.state in RAISED or (self.state in MISSING and self.held in RAISED)


def step(alert: AlertState, reading: Reading, rule: Rule, now: dt.datetime) -> AlertState:
    """The alert after a reading; the same one where the reading says nothing new.

    now: aware; ends a snooze. A reading of a period before the alert's own is for the caller to
    leave out.
    """
    alert = wake(alert, now)
    after = _next(alert, reading, rule, now)
    if after is alert or after == alert:
        return alert
    return replace(after, period_start=reading.period_start)


def _next(alert: AlertState, reading: Reading, rule: Rule, now: dt.datetime) -> AlertState:
    verdict = reading.verdict
    if verdict == "no_data" or verdict == "insufficient_data":
        if not alert.is_open or alert.state == verdict:
            return alert
        held = alert.held if alert.state in MISSING else alert.state
        return replace(alert, state=verdict, held=held)
    if alert.state in MISSING:
        held = alert.held or "ok"
        alert = replace(alert, state=held, held=None)
    if verdict == "out":
        return _out(alert, reading, rule, now)
    if not alert.is_raised:
        return replace(alert, state="ok") if _is_over(alert, reading) else alert
    if verdict == "in" and reading.in_a_row >= rule.recover:
        return replace(alert, state="resolved", held=None)
    return replace(alert, state="recovering")


def _out(alert: AlertState, reading: Reading, rule: Rule, now: dt.datetime) -> AlertState:
    if alert.state == "recovering":
        if alert.snoozed_until is not None and now >= alert.snoozed_until:
            return _reminded(alert, "firing")
        return replace(alert, state=_raised(alert, now))
    if alert.is_raised:
        return alert
    if alert.state == "resolved" and alert.period_start == reading.period_start:
        # It ended in this very period, and late data say it had not.
        return replace(alert, state="firing", is_told=False)
    # What has ended and comes back begins anew: what was done about it was about what is gone.
    fires = reading.out_of_last >= rule.fire
    if alert.state == "pending":
        return replace(alert, state="firing") if fires else alert
    return AlertState("firing" if fires else "pending")


def end(alert: AlertState, ending: Ending, period_start: dt.date | None) -> AlertState:
    """The alert of a series that is no longer judged; the same one where it is not open.

    period_start: the newest period of its KPI, None where that is gone too. A unit that returns
    within it goes on under the same alert; one that returns later has a new one.
    """
    if not alert.is_open:
        return alert
    return AlertState(
        "ended", period_start or alert.period_start, is_told=alert.is_told, ending=ending
    )


def _is_over(alert: AlertState, reading: Reading) -> bool:
    return alert.state == "pending" and reading.out_of_last == 0


def _raised(alert: AlertState, now: dt.datetime) -> State:
    """The state of an alert that has fired, by what was done about it."""
    if alert.snoozed_until is not None and now < alert.snoozed_until:
        return "snoozed"
    return "acknowledged" if alert.is_acknowledged else "firing"


def wake(alert: AlertState, now: dt.datetime) -> AlertState:
    """The alert with a snooze that has ended taken off: who asked to be reminded is told again.
    While it recovers there is nothing to be reminded of."""
    if alert.snoozed_until is None or now < alert.snoozed_until:
        return alert
    if alert.state == "snoozed":
        return _reminded(alert, "firing")
    if alert.held == "snoozed":
        return replace(_reminded(alert, alert.state), held="firing")
    return alert


def _reminded(alert: AlertState, state: State) -> AlertState:
    return replace(alert, state=state, snoozed_until=None, is_told=False, is_acknowledged=False)


def acknowledge(alert: AlertState) -> AlertState:
    """Someone works on it: it stays quiet until it is over. Raises ActError unless it has fired."""
    _must_be_raised(alert, "acknowledged")
    done = replace(alert, is_acknowledged=True, snoozed_until=None)
    return _put(done, "acknowledged")


def snooze(alert: AlertState, until: dt.datetime, now: dt.datetime) -> AlertState:
    """Quiet until a moment (aware), then told again if it is not over. Raises ActError unless it
    has fired, and for a moment that is past."""
    _must_be_raised(alert, "snoozed")
    if until <= now:
        raise ActError(f"{until.isoformat()} is past: give a later moment.")
    done = replace(alert, snoozed_until=until)
    return _put(done, "snoozed")


def _put(alert: AlertState, state: State) -> AlertState:
    """An alert that fires in another state, also where missing data hide it; one that recovers goes
    on recovering."""
    if alert.state in MISSING:
        return replace(alert, held=state) if alert.held in STANDING else alert
    return replace(alert, state=state) if alert.state in STANDING else alert


def _must_be_raised(alert: AlertState, done: str) -> None:
    if not alert.is_raised:
        raise ActError(f"It is {alert.state}: only an alert that fires can be {done}.")
