"""One alert through any history of periods and acts, beside a reference that knows no states."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines.watch.machine import (
    ActError,
    AlertState,
    Ending,
    Reading,
    Rule,
    State,
    Verdict,
    acknowledge,
    end,
    snooze,
    step,
)

START = dt.date(2025, 1, 1)
NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MISSING = ("no_data", "insufficient_data")


def reading(verdicts: list[Verdict], of: int) -> Reading:
    """The newest of these, as the publication tells it."""
    counted = [v for v in verdicts if v not in MISSING]
    in_a_row = next((n for n, v in enumerate(reversed(counted)) if v != "in"), len(counted))
    day = START + DAY * len(verdicts)
    return Reading(day, verdicts[-1], verdicts[-of:].count("out"), in_a_row)


def is_raised(verdicts: list[Verdict], how: Rule, ends: frozenset[int] = frozenset()) -> bool:
    """The reference: whether it has fired and is not over, from the verdicts alone. ends: after how
    many of them the series had ended; it is back when there are more."""
    raised = False
    for n in range(1, len(verdicts) + 1):
        known = [v for v in verdicts[:n] if v not in MISSING]
        if verdicts[n - 1] in MISSING:
            raised = raised and n not in ends
            continue
        if verdicts[n - 1] == "out" and verdicts[max(0, n - how.of) : n].count("out") >= how.fire:
            raised = True
        if len(known) >= how.recover and set(known[-how.recover :]) == {"in"}:
            raised = False
        if n in ends:
            raised = False
    return raised


class Alerting(RuleBasedStateMachine):
    """Whatever a person does about it, it fires and ends when the figures say so, and is told when
    it begins and once after each snooze: no more, and no less."""

    @initialize(fire=st.integers(1, 3), more=st.integers(0, 3), recover=st.integers(1, 3))
    def begin(self, fire: int, more: int, recover: int) -> None:
        self.rule = Rule(fire, fire + more, recover)
        self.verdicts: list[Verdict] = []
        self.alert = AlertState()
        self.now = NOW
        self.told = self.begun = self.reminders = 0
        self.ends: set[int] = set()

    def _move(self, after: AlertState) -> None:
        """What the watch does: it tells an alert that fires and was not told."""
        self.begun += after.is_raised and not self.alert.is_raised
        if after.state == "firing" and not after.is_told:
            self.told += 1
            after = replace(after, is_told=True)
        self.alert = after

    @rule(verdict=st.sampled_from(["out", "out", "edge", "in", "in", "no_data"]))
    def period(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.now += DAY
        self._count_reminder()
        self._move(step(self.alert, reading(self.verdicts, self.rule.of), self.rule, self.now))

    def _count_reminder(self) -> None:
        until = self.alert.snoozed_until
        asleep = self.alert.state == "snoozed" or self.alert.held == "snoozed"
        recovers = "recovering" in (self.alert.state, self.alert.held)
        again = recovers and self.verdicts[-1] == "out"
        self.reminders += until is not None and until <= self.now and (asleep or again)

    @precondition(lambda self: self.verdicts)
    @rule(
        ending=st.sampled_from(["unit_ended", "kpi_retired", "target_withdrawn", "source_removed"])
    )
    def ended(self, ending: Ending) -> None:
        """In the newest period there is nothing to judge any more; a later one may be judged."""
        newest = START + DAY * len(self.verdicts)
        was_open, was_told = self.alert.is_open, self.alert.is_told
        self.ends.add(len(self.verdicts))
        self._move(end(self.alert, ending, newest))
        assert not self.alert.is_open
        assert self.alert.is_told == was_told, "who was told is told that it ended"
        if was_open:
            assert (self.alert.state, self.alert.ending) == ("ended", ending)
        assert end(self.alert, "kpi_retired", newest) is self.alert

    @precondition(lambda self: self.verdicts and len(self.verdicts) not in self.ends)
    @rule()
    def the_same_again(self) -> None:
        before = self.alert
        self._move(step(self.alert, reading(self.verdicts, self.rule.of), self.rule, self.now))
        assert self.alert == before

    @rule()
    def acknowledged(self) -> None:
        if not self.alert.is_raised:
            with pytest.raises(ActError):
                acknowledge(self.alert)
            return
        self._move(acknowledge(self.alert))
        assert acknowledge(self.alert) == self.alert
        assert self.alert.state not in ("firing", "snoozed")

    @rule(days=st.integers(1, 4))
    def snoozed(self, days: int) -> None:
        until = self.now + DAY * days
        if not self.alert.is_raised:
            with pytest.raises(ActError):
                snooze(self.alert, until, self.now)
            return
        self._move(snooze(self.alert, until, self.now))
        assert self.alert.state not in ("firing", "acknowledged")

    @invariant()
    def it_is_raised_when_the_figures_say_so(self) -> None:
        assert self.alert.is_raised == is_raised(self.verdicts, self.rule, frozenset(self.ends))

    @invariant()
    def it_is_told_when_it_begins_and_after_a_snooze(self) -> None:
        assert self.told <= self.begun + self.reminders
        if self.alert.state == "firing":
            assert self.alert.is_told

    @invariant()
    def what_was_done_about_it_holds_until_it_is_over(self) -> None:
        if self.alert.is_acknowledged or self.alert.snoozed_until is not None:
            assert self.alert.state != "firing"

    @invariant()
    def pending_is_below_the_number_that_fires(self) -> None:
        if self.alert.state == "ended":
            assert self.alert.ending is not None
        if self.alert.state == "pending":
            assert 0 < self.verdicts[-self.rule.of :].count("out") < self.rule.fire or (
                self.verdicts[-1] in MISSING
            )


TestAlerting = Alerting.TestCase
TestAlerting.settings = settings(max_examples=400, stateful_step_count=25, deadline=None)


def run(verdicts: str, how: Rule) -> list[State]:
    """States after each period: o out, e edge, i in, x no data."""
    words: dict[str, Verdict] = {"o": "out", "e": "edge", "i": "in", "x": "no_data"}
    alert, states, seen = AlertState(), [], []
    for letter in verdicts:
        seen.append(words[letter])
        alert = replace(step(alert, reading(seen, how.of), how, NOW), is_told=True)
        states.append(alert.state)
    return states


@pytest.mark.parametrize(
    ("how", "verdicts", "states"),
    [
        (Rule(), "ioi", "ok firing resolved"),
        (Rule(), "oeei", "firing recovering recovering resolved"),
        (Rule(recover=2), "oioii", "firing recovering firing recovering resolved"),
        (Rule(2, 3), "oioiii", "pending pending firing resolved resolved resolved"),
        (Rule(2, 3), "oiii", "pending pending pending ok"),
        (Rule(), "oxxi", "firing no_data no_data resolved"),
        (Rule(), "oxo", "firing no_data firing"),
        (Rule(2, 2), "oxoo", "pending no_data pending firing"),
        (Rule(), "ixoi", "ok ok firing resolved"),
    ],
)
def test_paths(how: Rule, verdicts: str, states: str) -> None:
    assert run(verdicts, how) == states.split()


def test_a_snooze_that_ends_while_it_recovers_reminds_when_it_is_out_again() -> None:
    asleep = snooze(AlertState("firing", is_told=True), NOW + DAY, NOW)
    how = Rule(recover=2)
    better = step(asleep, Reading(START, "edge"), how, NOW)
    assert better.state == "recovering"
    still = step(better, Reading(START + DAY, "edge"), how, NOW + 2 * DAY)
    assert (still.state, still.is_told) == ("recovering", True)
    again = step(still, Reading(START + 2 * DAY, "out", 1), how, NOW + 3 * DAY)
    assert (again.state, again.is_told, again.snoozed_until) == ("firing", False, None)


@pytest.mark.fault("E7")
def test_what_is_done_while_data_are_missing_counts() -> None:
    missing = step(AlertState("firing", is_told=True), Reading(START, "no_data"), Rule(), NOW)
    done = acknowledge(missing)
    assert done.state == "no_data"
    assert step(done, Reading(START + DAY, "out", 1), Rule(), NOW).state == "acknowledged"


def test_a_unit_that_returns_within_the_period_is_judged_anew() -> None:
    done = acknowledge(AlertState("firing", START, is_told=True))
    gone = end(done, "unit_ended", START)
    assert (gone.state, gone.is_acknowledged, gone.ending) == ("ended", False, "unit_ended")
    for verdict in ("in", "edge", "no_data", "insufficient_data"):
        assert step(gone, Reading(START, verdict), Rule(), NOW) is gone  # type: ignore[arg-type]
    back = step(gone, Reading(START, "out", 1), Rule(), NOW)
    assert (back.state, back.is_told, back.ending) == ("firing", False, None)
    assert step(gone, Reading(START, "out", 1), Rule(2, 3), NOW).state == "pending"
    with pytest.raises(ActError, match="It is ended"):
        acknowledge(gone)


def test_what_never_fired_ends_too() -> None:
    pending = step(AlertState(), Reading(START, "out", 1), Rule(2, 3), NOW)
    assert end(pending, "kpi_retired", None) == AlertState("ended", START, ending="kpi_retired")
    assert end(AlertState(), "kpi_retired", None) == AlertState()


def test_a_snooze_must_end_later() -> None:
    with pytest.raises(ActError, match="past"):
        snooze(AlertState("firing"), NOW, NOW)
