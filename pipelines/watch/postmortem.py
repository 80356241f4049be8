"""An alert looked back on: what was known when it fired, what was done about it, and what is said
of that same period today.

What was known comes from the ledger and from what was said then (`pipelines/said`), never from the
publication that fired it: that is gone by then. Only "today" is read from a publication.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.marts import columns_of
from pipelines.publication import Publication, open_publication
from pipelines.said import reading
from pipelines.watch.actions import Action, Outcome, actions, outcome, steps
from pipelines.watch.acts import found
from pipelines.watch.drift import FIRING, KINDS, Judged
from pipelines.watch.expecting import said_of
from pipelines.watch.history import judged_of
from pipelines.watch.known import Known, SourceThen, known_from, sources_of

COMPARED = (
    "kpi_value",
    "target",
    "band_lower",
    "band_upper",
    "status",
    "process_band_lower",
    "process_band_centre",
    "process_band_upper",
    "process_status",
    "known_event",
    "definition_version",
)
"""Of a period, what was told then and can be held against what is said today."""

_MADE_OF = ("numerator", "denominator", "sample_size", "data_as_of")
_STATED = ("kpi_value", "target", "band_lower", "band_upper", "status")
_OF_ITS_TIME = ("new", "closed", "open_period")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, at a moment (aware). kind: transition, message or action. what: the
    state it went into, or the channel of a message. to: whom a message was for, or who does an
    action; value: of the period a transition is about; sent_at: None while a message waits."""

    at: dt.datetime
    kind: str
    what: str
    by: str | None = None
    note: str | None = None
    to: str | None = None
    value: float | None = None
    period_start: dt.date | None = None
    sent_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """What a publication says of the same period. differences: by column, then and now; redefined:
    by field of dim_kpi. reasons: why it is said differently, in the order in which that was
    published, as `said.changes.REASONS` names them; `unknown` where it was not recorded, none where
    all is as it was told."""

    publication_id: str
    is_there: bool
    figures: dict[str, Any]
    sources: tuple[SourceThen, ...]
    differences: dict[str, tuple[Any, Any]]
    redefined: dict[str, tuple[Any, Any]]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostMortem:
    """All of it. fired_at: UTC; None of an alert that never fired, whose first event is then told.
    known and definition: None where they were not kept. today: None where nothing is published."""

    alert_id: str
    state: str
    since: dt.date
    fired_at: dt.datetime | None
    publication_id: str
    row: Judged
    known: Known | None
    definition: dict[str, Any] | None
    moved_by: tuple[dict[str, Any], ...]
    explains: tuple[str, ...]
    folded_into: str | None
    timeline: tuple[Step, ...]
    outcomes: tuple[tuple[Action, Outcome | None], ...]
    expected: tuple[dict[str, Any], ...]
    today: Today | None


def post_mortem(
    connection: sqlite3.Connection,
    name: str,
    said: Path,
    publication: Publication | None,
    today: dt.date,
) -> PostMortem:
    """Of the alert with this id, or the only one whose id begins so; also one that is long over.

    said: the folder of what was said. today: in the business time zone, for what is due. Raises
    ActError, SaidError or PublicationError.
    """
    alert_id = named(connection, name)
    events = connection.execute(
        "select * from alert_events where alert_id = ? order by event_id", [alert_id]
    ).fetchall()
    fired = next((event for event in events if event["state"] == FIRING), None)
    first = fired or events[0]
    detail = json.loads(first["detail"])
    row = judged_of(first, detail)
    known = known_from(detail.get("known"))
    is_of_kpi = row.kind in KINDS
    definition = reading.definition_on(said, row.kpi, first["publication_id"])
    theirs = actions(connection, alert_id)
    now = None
    outcomes: list[tuple[Action, Outcome | None]] = [(action, None) for action in theirs]
    if publication is not None:
        with open_publication(publication) as facts:
            now = _today(facts, publication, said, first["publication_id"], row, known, definition)
            if is_of_kpi:
                outcomes = [(action, outcome(facts, action, today)) for action in theirs]
    return PostMortem(
        alert_id,
        events[-1]["state"],
        dt.date.fromisoformat(detail["since"]),
        dt.datetime.fromisoformat(fired["occurred_at"]) if fired else None,
        first["publication_id"],
        row,
        known,
        definition,
        tuple(detail.get("moved_by", ())),
        tuple(detail.get("explains", ())),
        detail.get("folded_into"),
        tuple(sorted(_timeline(connection, alert_id, events), key=lambda step: step.at)),
        tuple(outcomes),
        tuple(said_of(connection, alert_id)),
        now,
    )


def named(connection: sqlite3.Connection, name: str) -> str:
    """The id of an alert, by it or by its beginning; one that is over too. Raises ActError."""
    rows = connection.execute(
        "select distinct alert_id from alert_events where substr(alert_id, 1, length(?1)) = ?1",
        [name],
    ).fetchall()
    ids = [row[0] for row in rows]
    if name in ids:
        return name
    return ids[0] if len(ids) == 1 else found(connection, name).alert.alert_id


def _timeline(
    connection: sqlite3.Connection, alert_id: str, events: Sequence[sqlite3.Row]
) -> Iterator[Step]:
    keys = set()
    for event in events:
        detail = json.loads(event["detail"])
        keys.add(event["dedup_key"])
        yield Step(
            dt.datetime.fromisoformat(event["occurred_at"]),
            "transition",
            event["state"],
            detail.get("by"),
            detail.get("note"),
            value=detail.get("kpi_value"),
            period_start=dt.date.fromisoformat(event["period_start"]),
        )
    for action in steps(connection, alert_id):
        keys.add(action.outcome_key)
        said = f"{action.state}: {action.what}"
        yield Step(action.occurred_at, "action", said, action.by, action.note, action.who)
    for message in connection.execute(
        "select owner, channel, created_at, sent_at, dedup_keys from outbox order by message_id"
    ):
        if keys.isdisjoint(json.loads(message["dedup_keys"])):
            continue
        sent = dt.datetime.fromisoformat(message["sent_at"]) if message["sent_at"] else None
        at = sent or dt.datetime.fromisoformat(message["created_at"])
        yield Step(at, "message", message["channel"], to=message["owner"], sent_at=sent)


def _today(
    facts: duckdb.DuckDBPyConnection,
    publication: Publication,
    said: Path,
    fired_in: str,
    row: Judged,
    known: Known | None,
    definition: dict[str, Any] | None,
) -> Today:
    if row.kind not in KINDS:
        return _source_today(facts, publication, row)
    there = columns_of(facts, "fct_kpi_status")
    names = [name for name in (*COMPARED, *_MADE_OF) if name in there]
    found_row = facts.execute(
        f"select {', '.join(names)} from fct_kpi_status "
        "where kpi = ? and org_unit_id = ? and grain = ? and period_start = ?",
        [row.kpi, row.org_unit_id, row.grain, row.period_start],
    ).fetchone()
    figures = dict(zip(names, found_row or [None] * len(names), strict=True))
    then = {name: getattr(row, name) for name in COMPARED}
    if known is not None:
        then |= {name: getattr(known, name) for name in _MADE_OF}
    differences = {
        name: (then[name], figures[name])
        for name in names
        if name in then and not same(then[name], figures[name])
    }
    redefined: dict[str, tuple[Any, Any]] = {}
    if definition is not None:
        now = reading.definition_in(facts, row.kpi)
        redefined = {
            name: (definition.get(name), now.get(name))
            for name in {**definition, **now}
            if definition.get(name) != now.get(name)
        }
    return Today(
        publication.publication_id,
        found_row is not None,
        figures,
        sources_of(facts, {row.kpi}).get(row.kpi, ()),
        differences,
        redefined,
        tuple(_reasons(said, row, fired_in, differences)),
    )


def _reasons(
    said: Path, row: Judged, fired_in: str, differences: dict[str, tuple[Any, Any]]
) -> Iterator[str]:
    """Why the period is said differently than when it fired; what was undone since is no reason.
    The process band and what it was made of are no statements of their own, so alone they need
    none."""
    if not {*_STATED, "definition_version"} & set(differences):
        return
    found_reasons: dict[str, None] = {}
    for change in reading.changes(said, row.kpi, row.org_unit_id, row.grain):
        if change.period_start == row.period_start and change.publication_id > fired_in:
            found_reasons.update(dict.fromkeys(change.reasons))
            now = change.now
            if now and all(same(getattr(now, name), getattr(row, name)) for name in _STATED):
                found_reasons.clear()
    reasons = [each for each in found_reasons if each not in _OF_ITS_TIME]
    if not reasons and "definition_version" in differences:
        reasons = ["definition"]
    yield from reasons or ["unknown"]


def _source_today(facts: duckdb.DuckDBPyConnection, publication: Publication, row: Judged) -> Today:
    found_row = facts.execute(
        "select max(covers_until), max(last_loaded_at) from fct_source_freshness "
        "where connector = ?",
        [row.kpi],
    ).fetchone()
    until, loaded = found_row or (None, None)
    differences = {} if until == row.period_end else {"covers_until": (row.period_end, until)}
    return Today(
        publication.publication_id,
        until is not None,
        {"covers_until": until},
        (SourceThen(row.kpi, until, loaded.replace(tzinfo=dt.UTC) if loaded else None),),
        differences,
        {},
        (),
    )


def same(one: Any, other: Any) -> bool:
    """Whether two figures are said to be the same: to 12 digits, as publications are compared."""
    numbers = [each for each in (one, other) if each is not None and not isinstance(each, bool)]
    if len(numbers) == 2 and not any(isinstance(each, str | dt.date) for each in numbers):
        return f"{float(one) + 0.0:.12g}" == f"{float(other) + 0.0:.12g}"
    return bool(one == other)
