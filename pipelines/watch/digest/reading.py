"""Reads what the digests of a time say from a publication and the ledger, once for everybody.

What is off course is what `course.standings` says, so that the digest, `koers status` and the run's
summary count the same. People are counted for the whole organisation, and never named.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import duckdb

from pipelines.course import Standing, standings
from pipelines.marts import columns_of
from pipelines.watch.actions import DONE, DROPPED, OPEN, actions, outcome
from pipelines.watch.candidates import candidates
from pipelines.watch.digest.matter import Count, Due, Item, Kpi, LateSource, Matter
from pipelines.watch.digest.timing import Span
from pipelines.watch.drift import DRIFT, KINDS, PERSON, TOLERANCE, Judged, Series, Silence
from pipelines.watch.history import Told, latest, silences
from pipelines.watch.machine import MISSING, STANDING
from pipelines.watch.messages import severity
from pipelines.watch.sources import STALE
from pipelines.watch.watching import LAYERS

OFF_COURSE, ON_COURSE = "off_course", "on_course"
NOBODY = "management"
"""The owner of what nobody owns, as in the alerts."""


def read(
    facts: duckdb.DuckDBPyConnection,
    ledger: sqlite3.Connection,
    span: Span,
    publication_id: str,
    zone: dt.tzinfo,
) -> Matter:
    """facts: a publication. What is due before the next digest, after as long a time again, is told
    now. Raises duckdb.Error for a publication without the public tables."""
    today = span.until.astimezone(zone).date()
    ahead = (span.until + (span.until - span.since)).astimezone(zone).date()
    known = latest(ledger)
    holding = silences(ledger, span.until)
    times = _times(ledger)
    kpis = _kpis(facts)
    found = standings(facts)
    owned = _owners(facts, found, kpis)
    measured = {each.kpi for each in found}
    of_kpis = {key: told for key, told in known.items() if key[2] in KINDS}
    news = {
        key
        for key, told in of_kpis.items()
        if told.alert.at.state in ("resolved", "recovering")
        and told.alert.at.is_told
        and span.holds(times[told.alert.alert_id][1])
    }
    wanted = {key[:2] for key, told in of_kpis.items() if told.alert.at.is_raised or key in news}
    rows = {row.series: row for row in candidates(facts, wanted, LAYERS)}

    def item(key: Series) -> Item:
        told = known.get(key)
        # Of what left the publication, the figures that were told last.
        row = rows[key] if key in rows else known[key].row
        began = times[told.alert.alert_id][0] if told else None
        is_open = told is not None and told.alert.at.is_raised
        return Item(
            row,
            told,
            is_open and span.holds(began),
            _silent_until(row, holding, span.until) if is_open else None,
        )

    off = {k for k, r in rows.items() if k[2] == TOLERANCE and r.status == OFF_COURSE}
    others = [
        key
        for key, told in of_kpis.items()
        if told.alert.at.is_raised
        and not told.alert.folded_into
        and told.row.layer != PERSON
        and _course_of(key) not in off
    ]
    missing = {key for key in others if known[key].alert.at.state in MISSING}
    drifts = [key for key in others if key[2] == DRIFT and known[key].alert.at.state in STANDING]
    # Of a series that was both, what was agreed says it all.
    returned = [
        key
        for key in news
        if known[key].row.layer != PERSON
        and _course_of(key) not in off
        and not (key[2] == DRIFT and _course_of(key) in news)
    ]
    good = {key for key in drifts if _is_good(item(key).row, kpis.get(key[0]))}
    short = {key for key in returned if span.holds(times[known[key].alert.alert_id][0])}
    return Matter(
        publication_id=publication_id,
        span=span,
        today=today,
        kpis=kpis,
        kpis_of=_kpis_of(owned, kpis),
        counts=_counts(owned),
        heads=_heads(facts),
        unit_of={told.alert.alert_id: told.row.unit_name for told in of_kpis.values()},
        data_until=_data_until(facts),
        off=_worst(map(item, off)),
        unusual=_worst(item(key) for key in drifts if key not in good),
        better=_worst(item(key) for key in good),
        missing=_worst(
            item(key) for key in missing if key[2] == TOLERANCE or _course_of(key) not in missing
        ),
        back=_worst(item(key) for key in returned if key not in short),
        passed=_worst(item(key) for key in short),
        sources=_sources(known, times, span, kpis),
        reviews=_to_review(kpis, measured, ahead),
        actions=_actions(facts, ledger, known, span, today, ahead),
    )


def _course_of(key: Series) -> Series:
    """The same series, judged by what was agreed."""
    return (*key[:2], TOLERANCE)


def _worst(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda i: (-severity(i.row), i.row.kpi, i.row.org_unit_id)))


def _is_good(row: Judged, kpi: Kpi | None) -> bool:
    """Whether what is unusual is so to the side that is steered for."""
    direction = kpi.direction if kpi else ""
    return (direction == "higher" and row.outside > 0) or (direction == "lower" and row.outside < 0)


def _silent_until(row: Judged, holding: Sequence[Silence], now: dt.datetime) -> dt.datetime | None:
    return max((each.until for each in holding if each.holds(row, now)), default=None)


def _times(ledger: sqlite3.Connection) -> dict[str, tuple[dt.datetime | None, dt.datetime]]:
    """Of each alert when it began to fire, and when it last changed (aware)."""
    rows = ledger.execute(
        "select alert_id, min(occurred_at) filter (where state = 'firing'), max(occurred_at)"
        " from alert_events group by alert_id"
    )
    return {
        alert_id: (
            dt.datetime.fromisoformat(began) if began else None,
            dt.datetime.fromisoformat(moved),
        )
        for alert_id, began, moved in rows
    }


def _kpis(facts: duckdb.DuckDBPyConnection) -> dict[str, Kpi]:
    there = columns_of(facts, "dim_kpi")
    optional = ", ".join(
        name if name in there else f"cast(null as {kind}) as {name}"
        for name, kind in (
            ("direction", "varchar"),
            ("sources", "varchar"),
            ("review_date", "date"),
        )
    )
    rows = facts.execute(
        "select kpi, coalesce(label_nl, kpi), coalesce(label_en, kpi), "
        f"coalesce(nullif(owner, ''), '{NOBODY}'), {optional} from dim_kpi order by kpi"
    ).fetchall()
    return {
        kpi: Kpi(
            kpi,
            dutch,
            english,
            owner,
            direction or "",
            tuple(filter(None, (sources or "").split(", "))),
            review,
        )
        for kpi, dutch, english, owner, direction, sources, review in rows
    }


def _to_review(
    kpis: Mapping[str, Kpi], measured: Collection[str], ahead: dt.date
) -> tuple[Kpi, ...]:
    """Those whose review is overdue or due by a day. What has no figures is steered on by nobody:
    its tool is not connected."""
    due = [
        (kpi.review, kpi.kpi)
        for kpi in kpis.values()
        if kpi.kpi in measured and kpi.review is not None and kpi.review <= ahead
    ]
    return tuple(kpis[name] for _, name in sorted(due))


def _owners(
    facts: duckdb.DuckDBPyConnection, found: Iterable[Standing], kpis: Mapping[str, Kpi]
) -> list[tuple[str, Standing]]:
    """Everything that stands, with its owner: of the unit, else of the KPI, as in the alerts."""
    owners = dict(
        facts.execute(
            "select org_unit_id, owner from dim_org_unit where nullif(owner, '') is not null"
        ).fetchall()
    )
    return [(owners.get(each.org_unit_id, kpis[each.kpi].owner), each) for each in found]


def _counts(owned: Iterable[tuple[str, Standing]]) -> tuple[Count, ...]:
    judged: Counter[tuple[str, str]] = Counter()
    off: Counter[tuple[str, str]] = Counter()
    for owner, each in owned:
        if each.status in (ON_COURSE, OFF_COURSE):
            judged[owner, each.layer] += 1
            off[owner, each.layer] += each.status == OFF_COURSE
    return tuple(Count(*key, n, off[key]) for key, n in sorted(judged.items()))


def _kpis_of(
    owned: Iterable[tuple[str, Standing]], kpis: Mapping[str, Kpi]
) -> dict[str, frozenset[str]]:
    """The KPIs of each owner, also where they own only a unit."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for owner, each in owned:
        if each.layer != PERSON:
            found[owner].add(each.kpi)
    for kpi in kpis.values():
        found[kpi.owner].add(kpi.kpi)
    return {owner: frozenset(names) for owner, names in found.items()}


def _heads(facts: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The owners of the organisation itself."""
    rows = facts.execute(
        "select distinct owner from dim_org_unit where layer = 'organisation' "
        "and not is_unassigned and nullif(owner, '') is not null order by owner"
    ).fetchall()
    return tuple(row[0] for row in rows) or (NOBODY,)


def _data_until(facts: duckdb.DuckDBPyConnection) -> dt.date | None:
    if not columns_of(facts, "fct_source_freshness"):
        return None
    row = facts.execute("select max(covers_until) from fct_source_freshness").fetchone()
    return row[0] if row else None


def _sources(
    known: Mapping[Series, Told],
    times: Mapping[str, tuple[dt.datetime | None, dt.datetime]],
    span: Span,
    kpis: Mapping[str, Kpi],
) -> tuple[LateSource, ...]:
    """Those that are late first."""
    found = []
    for (connector, _, kind), told in known.items():
        at = told.alert.at
        if kind != STALE or not (
            at.is_raised or (at.state == "resolved" and span.holds(times[told.alert.alert_id][1]))
        ):
            continue
        wait = tuple(name for name, kpi in kpis.items() if connector in kpi.sources)
        found.append(LateSource(connector, told.row.period_end, at.is_raised, wait))
    return tuple(sorted(found, key=lambda s: (not s.is_late, s.covers_until, s.connector)))


def _actions(
    facts: duckdb.DuckDBPyConnection,
    ledger: sqlite3.Connection,
    known: Mapping[Series, Told],
    span: Span,
    today: dt.date,
    ahead: dt.date,
) -> tuple[Due, ...]:
    """Those to do first, by the day they are due; then those done in this time."""
    found = []
    for action in actions(ledger):
        is_open = action.state == OPEN and action.until <= ahead
        is_done = action.state in (DONE, DROPPED) and span.holds(action.occurred_at)
        told = known.get((*action.series, action.alert_id.rsplit("/", 2)[1]))
        if told is None or not (is_open or is_done):
            continue
        is_late = action.state == OPEN and action.until < today
        found.append(Due(action, outcome(facts, action, today), told.row, is_late))
    found.sort(key=lambda due: (due.action.state != OPEN, due.action.until, due.action.action_id))
    return tuple(found)
