"""Why a KPI of a unit has an alert, or has none, in a few lines: looks at everything that decides
it and changes nothing."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipelines.marts import columns_of
from pipelines.settings import Settings
from pipelines.watch.candidates import candidates
from pipelines.watch.drift import KINDS, PERSON, TOLERANCE, Judged, Series, Silence
from pipelines.watch.endings import TARGET_WITHDRAWN, Ended, ended
from pipelines.watch.formats import label
from pipelines.watch.history import Told, latest, silences
from pipelines.watch.listing import figures, heading, moment, said
from pipelines.watch.sources import STALE, Source, sources
from pipelines.watch.watching import LAYERS
from pipelines.watch.words import WORDS

_NAMED = 8

_NEWEST = """
select
    max(period_start) filter (is_closed and is_complete),
    max(period_start) filter (is_closed and is_complete and org_unit_id = $unit),
    max(period_start) filter (org_unit_id = $unit)
from fct_kpi_status inner join dim_kpi using (kpi)
where kpi = $kpi and grain = cadence
"""


class UnknownNameError(ValueError):
    """No KPI or unit is called so; the text says where the names are."""


@dataclass(frozen=True)
class _Case:
    """What is asked, and what decides it."""

    kpi: str
    unit: str
    facts: duckdb.DuckDBPyConnection
    alerts: Mapping[Series, Told]
    holding: Sequence[Silence]
    chosen: Settings
    pulled: Collection[str]
    now: dt.datetime


def why(
    kpi: str,
    unit: str,
    facts: duckdb.DuckDBPyConnection,
    ledger: sqlite3.Connection,
    chosen: Settings,
    *,
    pulled: Collection[str],
    now: dt.datetime,
) -> list[str]:
    """The lines that explain it, by a publication and the ledger. pulled: the connectors whose API
    is asked; now: aware. Raises UnknownNameError."""
    case = _Case(
        kpi, unit, facts, latest(ledger), silences(ledger, now), chosen, pulled, now
    )  # fmt: skip
    return list(_lines(case))


def _lines(case: _Case) -> Iterator[str]:
    known = [t for s, t in case.alerts.items() if s[:2] == (case.kpi, case.unit)]
    _check_names(case, known)
    gone = ended(case.facts, {(case.kpi, case.unit, kind) for kind in KINDS})
    rows = candidates(case.facts, [(case.kpi, case.unit)], (*LAYERS, PERSON))
    rows = [row for row in rows if (row.kpi, row.org_unit_id) == (case.kpi, case.unit)]
    told_of = {told.row.kind: told for told in known}
    if rows:
        yield f"{label(rows[0].label_en)} of {label(rows[0].unit_name)}, {rows[0].period_start}:"
        yield from (f"  {line}" for line in figures(rows[0], case.chosen.currency))
    for kind in KINDS:
        over = gone.get((case.kpi, case.unit, kind))
        row = next((row for row in rows if row.kind == kind), None)
        what = "agreed" if kind == TOLERANCE else "usual"
        if over is not None:
            yield f"Against what is {what}: not judged, since {_gone(over)}"
        elif row is not None:
            yield from _judged(row, what)
        elif rows:
            yield f"Against what is {what}: not judged for a unit of this layer without a target."
        yield from _alert(told_of.get(kind), case)
    if rows:
        yield from _who_is_told(rows[0], case)
    elif len(gone) < len(KINDS):
        yield from _not_judged(case)
    yield from _stale(case)


def _check_names(case: _Case, known: Sequence[Told]) -> None:
    if known:
        return
    for table, column, name, command in (
        ("dim_kpi", "kpi", case.kpi, "koers kpi check lists the KPIs"),
        (
            "dim_org_unit",
            "org_unit_id",
            case.unit,
            "dim_org_unit of the publication lists the units",
        ),
    ):
        found = case.facts.execute(f"select 1 from {table} where {column} = ?", [name]).fetchone()
        if found is None:
            raise UnknownNameError(f"{name} is not there, and never had an alert: {command}.")


def _gone(over: Ended) -> str:
    if over.ending == TARGET_WITHDRAWN:
        return "no target is agreed for it."
    last = f" Its last day was {over.last_day}." if over.last_day else ""
    return WORDS["en"][over.ending] + last


def _judged(row: Judged, what: str) -> Iterator[str]:
    yield f"Against what is {what}: {row.verdict.replace('_', ' ')}."
    yield (
        f"  {row.off_of_last} of the last {row.of_periods} periods out (fires at "
        f"{row.fire_periods}), {row.in_a_row} in a row well inside (ends at {row.recover_periods})."
    )
    if row.known_event:
        yield f"  Known about this period: {row.known_event}."


def _alert(told: Told | None, case: _Case) -> Iterator[str]:
    if told is None:
        yield "  Alert: none, never one."
        return
    at = told.alert.at
    yield f"  Alert: {at.state.replace('_', ' ')} since {told.alert.since}, {told.alert.alert_id}"
    if at.ending:
        yield f"  It ended by itself: {WORDS['en'][at.ending]}"
    if told.alert.folded_into:
        yield f"  Not told on its own: {told.alert.folded_into} explains it."
    if at.snoozed_until and at.is_open:
        yield f"  Quiet until {moment(at.snoozed_until, case.chosen.zone)}, as somebody asked."
    elif at.is_acknowledged and at.is_open:
        yield f"  Quiet until it is over: acknowledged{f' by {told.by}' if told.by else ''}."
    if at.is_raised and not at.is_told and not told.alert.folded_into:
        yield "  Nobody was told of it yet."


def _who_is_told(row: Judged, case: _Case) -> Iterator[str]:
    """What keeps messages away, alerts or not."""
    if row.layer == PERSON:
        yield "No alerts are made for a person: a figure about one is no reason for a message."
        return
    for silence in case.holding:
        if silence.holds(row, case.now):
            yield f"{said(silence, case.chosen.zone)}."
    local = case.now.astimezone(case.chosen.zone)
    taking = [
        channel
        for channel in case.chosen.alerts.channels
        if channel.takes(row.owner, row.layer) and not channel.escalation
    ]
    if not taking:
        yield f"No channel of koers.yaml takes messages to {row.owner} about a {row.layer}."
    for channel in taking:
        if channel.is_quiet(local):
            yield (
                f"Messages over {channel.name} wait for the end of its quiet hours, "
                f"{channel.quiet_until}."
            )


def _not_judged(case: _Case) -> Iterator[str]:
    found = case.facts.execute(_NEWEST, {"kpi": case.kpi, "unit": case.unit}).fetchone()
    newest, judged, any_period = found or (None, None, None)
    unassigned = case.facts.execute(
        "select is_unassigned from dim_org_unit where org_unit_id = ?", [case.unit]
    ).fetchone()
    if unassigned and unassigned[0]:
        yield "What could not be attributed to a unit never has an alert."
    elif newest is None:
        yield f"Not judged: {case.kpi} has no period that is closed and complete."
    elif any_period is None:
        yield f"Not judged: {case.kpi} has no figures of {case.unit}."
    else:
        yield (
            f"Not judged: the newest closed and complete period of {case.kpi} is that from "
            f"{newest}; of {case.unit} it is {f'that from {judged}' if judged else 'none'}."
        )


def _stale(case: _Case) -> Iterator[str]:
    """The sources that this KPI waits for."""
    if case.chosen.end_date is not None or "sources" not in columns_of(case.facts, "dim_kpi"):
        return
    row = case.facts.execute("select sources from dim_kpi where kpi = ?", [case.kpi]).fetchone()
    needed = set((row[0] or "").split(", ")) if row else set()
    today = case.now.astimezone(case.chosen.zone).date()
    for source in sources(case.facts, case.pulled, case.chosen.alerts):
        told = case.alerts.get((source.connector, "", STALE))
        if source.connector in needed and source.is_stale(today):
            yield from _one_stale(source, told, case)


def _one_stale(source: Source, told: Told | None, case: _Case) -> Iterator[str]:
    names = [english for _, english in source.kpis]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    yield (
        f"Its source {source.connector} gives no data since {source.covers_until} (allowed are "
        f"{source.days} days)."
    )
    yield f"  Silent for it: {', '.join(names[:_NAMED])}{more}."
    if told is not None and told.alert.at.is_raised:
        yield f"  {heading(told)}: {told.alert.at.state}, {told.alert.alert_id}"
