"""Tells who owns a corrective action how the KPI changed after it: once, as soon as it can be said.

That is when it is over and enough periods have closed after it, or when it is over and there were
too few before it to ever say. The outbox remembers that it was told, and its key keeps a crash from
telling it twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.core.failpoints import failpoint
from pipelines.course import Point
from pipelines.plots import bars
from pipelines.publication import Clock, Publication, open_publication, utc_now
from pipelines.settings import Channel
from pipelines.watch.actions import DROPPED, OPEN, Action, Outcome, actions, course, outcome
from pipelines.watch.drift import KINDS, Judged, is_silent
from pipelines.watch.formats import date, label, period
from pipelines.watch.history import judged_of, queue, silences
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.letter import Entry, Letter, Section
from pipelines.watch.messages import Message
from pipelines.watch.outcome_words import OUTCOME_WORDS, in_words, shown
from pipelines.watch.text import text
from pipelines.watch.words import WORDS

TELLABLE = ("changed", "chance", "too_few_before")
TONE = "outcome"


@dataclass(frozen=True, slots=True)
class _Case:
    """An action, what its alert is about, what can be said of it, and the course it is said of."""

    action: Action
    row: Judged
    said: Outcome
    points: tuple[Point, ...]


def tell_outcomes(
    publication: Publication,
    ledger: Path,
    channels: Sequence[Channel],
    *,
    today: dt.date,
    language: str = "nl",
    languages: Mapping[str, str] | None = None,
    currency: str = "EUR",
    clock: Clock = utc_now,
) -> int:
    """Queue what can be said of the actions that are over and was not told; how many messages.

    today: in the business time zone. Each goes to who does the action, or, where no channel takes
    their messages, to the owner of its alert. Raises LedgerError or PublicationError.
    """
    if not ledger.exists() or not channels:
        return 0
    with open_ledger(ledger) as connection:
        waiting = list(_waiting(connection, today, clock()))
        if not waiting:
            return 0
        with open_publication(publication) as facts:
            cases = []
            for action, row in waiting:
                said = outcome(facts, action, today)
                if said.answer in TELLABLE:
                    cases.append(_Case(action, row, said, course(facts, action, said)))
        found = [
            _message(case, owner, channel, publication.publication_id, read, currency)
            for case in cases
            for channel, owner in _takers(case, channels)
            for read in (channel.read_in(owner, language, languages or {}),)
        ]
        with transaction(connection):
            told = _told(connection)  # by another process in the meantime
            found = [message for message in found if told.isdisjoint(message.dedup_keys)]
            queue(connection, found, timestamp(clock()))
            failpoint("outcomes.before_commit")
        failpoint("outcomes.committed")
    return len(found)


def _waiting(
    connection: sqlite3.Connection, today: dt.date, now: dt.datetime
) -> Iterator[tuple[Action, Judged]]:
    """The actions that are over and were not told of; not those whose messages are silenced now."""
    told, holding = _told(connection), silences(connection, now)
    for action in actions(connection):
        is_over = action.state != DROPPED and (action.state != OPEN or today > action.until)
        if not is_over or action.outcome_key in told:
            continue
        event = connection.execute(
            "select * from alert_events where alert_id = ? order by event_id desc limit 1",
            [action.alert_id],
        ).fetchone()
        row = judged_of(event, json.loads(event["detail"]))
        if row.kind in KINDS and not is_silent(row, holding, now):
            yield action, row


def _told(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute(
        "select distinct value from outbox, json_each(outbox.dedup_keys) "
        "where value like '%-outcome'"
    )
    return {row[0] for row in rows}


def _takers(case: _Case, channels: Sequence[Channel]) -> list[tuple[Channel, str]]:
    """The channels that take it, each with whom it is for."""
    for owner in dict.fromkeys((case.action.who, case.row.owner)):
        taking = [
            channel
            for channel in channels
            if not channel.escalation and channel.takes(owner, case.row.layer)
        ]
        if taking:
            return [(channel, owner) for channel in taking]
    return []


def _message(
    case: _Case, owner: str, channel: Channel, publication_id: str, language: str, currency: str
) -> Message:
    action = case.action
    named = "\n".join((channel.name, action.outcome_key))
    key = hashlib.sha256(named.encode()).hexdigest()[:24]
    words, common = OUTCOME_WORDS[language], WORDS[language]
    entry = _entry(case, language, currency)
    letter = Letter(
        language,
        words["title"].format(kpi=entry.kpi, unit=entry.unit, what=label(action.what)),
        (common["for"].format(owner=label(owner)),),
        (Section(TONE, words["heading"], (entry,)),),
        (words["advice"], words["caution"]),
        common["reference"].format(publication=publication_id, key=key),
    )
    return Message(
        key,
        publication_id,
        owner,
        channel.name,
        letter.title,
        text(letter),
        (action.outcome_key,),
        letter,
    )


def _entry(case: _Case, language: str, currency: str) -> Entry:
    action, row, said = case.action, case.row, case.said
    words = OUTCOME_WORDS[language]
    answer = in_words(said, language, row.unit, currency)
    days = {
        "start": date(action.start, language),
        "until": date(action.until, language),
        "end": date(action.done_on or action.until, language),
    }
    agreed = words["agreed"].format(what=label(action.what), who=label(action.who), **days)
    facts = {
        "action_name": label(action.what),
        "who_name": label(action.who),
        "when_name": words["when"].format(**days),
    }
    figures = shown(said, language, row.unit, currency)
    if figures:
        facts["before_name"] = words["of_periods"].format(
            mean=figures["before"], n=figures["periods_before"]
        )
        facts["after_name"] = words["of_periods"].format(
            mean=figures["after"], n=figures["periods_after"]
        )
        facts["difference_name"] = words["interval"].format(**figures)
    grain = "week" if row.grain == "day" else row.grain
    drawn = bars(case.points)
    ends = [period(case.points[n].period_start, grain, language) for n in (0, -1) if drawn]
    return Entry(
        tone=TONE,
        kpi=label(row.label_nl if language == "nl" else row.label_en),
        unit=label(row.unit_name),
        period="",
        lines=(f"{answer[:1].upper()}{answer[1:]}.", f"{agreed}."),
        badge=words[f"badge_{said.answer}"],
        value=figures.get("after", ""),
        gap=words["was"].format(**figures) if figures else "",
        facts=tuple((words[name], each) for name, each in facts.items()),
        course=WORDS[language]["course"].format(bars=drawn, first=ends[0], last=ends[1])
        if drawn
        else "",
        points=case.points,
        value_unit=row.unit,
        grain=grain,
    )
