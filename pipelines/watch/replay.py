"""The watch over the past of a publication, night by night: what it would have told, and when.

A band at a period follows from the periods before it only, so what a publication says of a period
is what was known the night after it closed, data that came late apart. Nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.security.locked import QUIET
from pipelines.watch.candidates import above, candidates, newest
from pipelines.watch.drift import Alert, Event, Series, Watermark, evaluate
from pipelines.watch.watching import LAYERS

_TABLES = ("dim_kpi", "dim_org_unit", "bridge_org_unit")
_RULES = {
    "fire": ("fire_periods", "integer"),
    "of": ("of_periods", "integer"),
    "recover": ("recover_periods", "integer"),
    "margin": ("recover_margin", "double"),
}


@dataclass(frozen=True)
class Change:
    """Settings of one KPI to try instead of its own: a tolerance (a part of the target, on the side
    that hurts, or both), and how soon it fires and ends. None leaves what there is."""

    tolerance: float | None = None
    fire: int | None = None
    of: int | None = None
    recover: int | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Episode:
    """One alert from the night it was raised to the night it was over (None: it is not)."""

    alert_id: str
    series: Series
    first_period: dt.date
    raised: dt.date
    over: dt.date | None
    told: bool


@contextmanager
def past(
    publication: Path, kpi: str | None = None, change: Change | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The facts of a publication (of one KPI, or all) in memory, with a change of settings."""
    with duckdb.connect(config=dict(QUIET)) as facts:
        facts.execute("attach $file as published (read_only)", {"file": str(publication)})
        for table in _TABLES:
            facts.execute(f"create table {table} as from published.{table}")
        facts.execute(
            "create table every_status as select status.* from published.fct_kpi_status as status "
            "inner join dim_kpi as kpi on kpi.kpi = status.kpi and kpi.cadence = status.grain "
            "where status.is_closed and status.is_complete and ($kpi is null or status.kpi = $kpi)",
            {"kpi": kpi},
        )
        facts.execute("detach published")
        if change is not None:
            _apply(facts, change)
        yield facts


def _apply(facts: duckdb.DuckDBPyConnection, change: Change) -> None:
    if change.tolerance is not None:
        facts.execute(
            "update every_status set "
            "band_lower = case when band_lower is not null then target - $part * abs(target) end, "
            "band_upper = case when band_upper is not null then target + $part * abs(target) end "
            "where target is not null",
            {"part": change.tolerance},
        )
        facts.execute(
            "update every_status set status = case when kpi_value < band_lower or "
            "kpi_value > band_upper then 'off_course' else 'on_course' end "
            "where status in ('off_course', 'on_course')"
        )
    for name, (column, kind) in _RULES.items():
        if (wanted := getattr(change, name)) is not None:
            facts.execute(f"alter table dim_kpi add column if not exists {column} {kind}")
            facts.execute(f"update dim_kpi set {column} = $wanted", {"wanted": wanted})


def nights(facts: duckdb.DuckDBPyConnection) -> list[dt.date]:
    """The days on which something was judged that was not the day before."""
    rows = facts.execute(
        "select distinct cast(period_end + interval 1 day as date) as night from every_status "
        "order by night"
    ).fetchall()
    return [night for (night,) in rows]


def replay(
    facts: duckdb.DuckDBPyConnection, layers: Sequence[str] = LAYERS
) -> Iterator[tuple[dt.date, list[Event]]]:
    """What each night would have brought: the facts as `past` gives them."""
    alerts: dict[Series, Alert] = {}
    marks: Mapping[tuple[str, str], Watermark] = {}
    for night in nights(facts):
        facts.execute(
            "create or replace view fct_kpi_status as from every_status "
            f"where period_end < date '{night.isoformat()}'"
        )
        followed = {series[:2] for series, alert in alerts.items() if alert.at.is_open}
        rows = candidates(facts, followed, layers)
        events = evaluate(
            rows,
            alerts,
            night.isoformat(),
            marks,
            now=dt.datetime.combine(night, dt.time(3), dt.UTC),
            above=above(facts, {row.org_unit_id for row in rows}),
        )
        for event in events:
            before = alerts.get(event.row.series)
            goes_on = before is not None and before.alert_id == event.alert_id
            number = before.events + 1 if before is not None and goes_on else 1
            alerts[event.row.series] = Alert(
                event.alert_id, event.since, number, event.at, event.folded_into
            )
        _, marks = newest(facts)
        yield night, events


def episodes(told: Iterator[tuple[dt.date, list[Event]]]) -> list[Episode]:
    """The alerts of a replay, in the order in which they were raised."""
    found: dict[str, Episode] = {}
    for night, events in told:
        for event in events:
            known = found.get(event.alert_id)
            if event.at.is_raised and known is None:
                found[event.alert_id] = Episode(
                    event.alert_id,
                    event.row.series,
                    event.row.period_start,
                    night,
                    None,
                    event.at.is_told,
                )
            elif known is not None:
                found[event.alert_id] = Episode(
                    known.alert_id,
                    known.series,
                    known.first_period,
                    known.raised,
                    night if event.state == "resolved" else None,
                    known.told or event.at.is_told,
                )
    return list(found.values())
