"""A year and a half of alerts, night by night, beside simpler rules on the same series.

    koers run; python -m benchmarks.replay

Reads the newest publication of KOERS_HOME, made of the sample company, and the truth about its
planted incidents. Each rule sees the same series: those that Koers raises alerts about (units of
the KPI's home layer, and units with a target; no person). A simple rule tells each period that it
flags; Koers tells as it does.

- found: planted incidents for whose KPI and unit (or one above or below it that explains it)
  something was told within their periods or the one after.
- delay: from the first period of the incident to the one that was told, in periods; the median.
- elsewhere: told about series and periods without an incident in that KPI, per series and year.
  An incident shows in related KPIs too, and those count here, for each rule alike.
- messages: per owner and week.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pipelines.publication import current
from pipelines.settings import Channel, Home, home
from pipelines.watch.drift import FIRING
from pipelines.watch.messages import compose
from pipelines.watch.replay import past, replay

HOOK = Channel(name="hook", url_env="KOERS_HOOK")

_SERIES = """
select status.kpi, status.org_unit_id, status.period_start, status.kpi_value, status.status,
    coalesce(nullif(units.owner, ''), kpis.owner) as owner
from every_status as status
inner join dim_kpi as kpis using (kpi)
inner join dim_org_unit as units using (org_unit_id)
where
    not units.is_unassigned and units.layer <> 'individual'
    and (units.layer = kpis.home_layer or (status.kpi, status.org_unit_id) in (
        select (kpi, org_unit_id) from every_status where target is not null
    ))
order by all
"""


@dataclass
class Told:
    """What one rule tells: series and periods, and who gets how many messages."""

    periods: set[tuple[str, str, date]] = field(default_factory=set)
    messages: Counter[str] = field(default_factory=Counter)


@dataclass
class Series:
    owner: str = ""
    starts: list[date] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)


def series_of(facts: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Series]:
    found: defaultdict[tuple[str, str], Series] = defaultdict(Series)
    for kpi, unit, start, value, status, owner in facts.execute(_SERIES).fetchall():
        one = found[kpi, unit]
        one.owner = owner
        one.starts.append(start)
        one.values.append(float("nan") if value is None else value)
        one.statuses.append(status)
    return dict(found)


def threshold(one: Series, at: int) -> bool:
    return one.statuses[at] == "off_course"


def deviates(window: int, least: int) -> Callable[[Series, int], bool]:
    """More than three standard deviations from the mean of the periods before."""

    def flags(one: Series, at: int) -> bool:
        before = np.array(one.values[max(0, at - window) : at])
        before = before[~np.isnan(before)]
        if len(before) < least or np.isnan(one.values[at]):
            return False
        spread = before.std(ddof=1)
        return bool(spread > 0 and abs(one.values[at] - before.mean()) > 3 * spread)

    return flags


RULES: dict[str, Callable[[Series, int], bool]] = {
    "plain threshold": threshold,
    "rolling z-score (28)": deviates(28, 4),
    "mean ± 3 sd of 14": deviates(14, 4),
}


def simple(rule: Callable[[Series, int], bool], found: dict[tuple[str, str], Series]) -> Told:
    told = Told()
    for (kpi, unit), one in found.items():
        for at, start in enumerate(one.starts):
            if rule(one, at):
                told.periods.add((kpi, unit, start))
                told.messages[one.owner] += 1
    return told


def koers(facts: duckdb.DuckDBPyConnection) -> Told:
    told = Told()
    for night, events in replay(facts):
        for event in events:
            if event.state == FIRING and event.is_news:
                for row in (event.row, *event.explains):
                    told.periods.add((row.kpi, row.org_unit_id, row.period_start))
        for message in compose(events, [HOOK], publication_id=night.isoformat()):
            told.messages[message.owner] += 1
    return told


def scored(
    told: Told,
    truth: Sequence[dict[str, Any]],
    found: dict[tuple[str, str], Series],
    related: Callable[[str, str], bool],
) -> tuple[int, float, float]:
    """Incidents found, the median delay in periods, and told elsewhere per series and year."""
    delays = []
    explained: set[tuple[str, str, date]] = set()
    for incident in truth:
        first = date.fromisoformat(incident["first"]).replace(day=1)
        last = date.fromisoformat(incident["last"])
        delay = None
        for kpi, unit, start in told.periods:
            months = (start.year - first.year) * 12 + start.month - first.month
            after = (last.year - first.year) * 12 + last.month - first.month + 1
            here = kpi == incident["kpi"] and related(unit, incident["org_unit_id"])
            if here and 0 <= months <= after:
                explained.add((kpi, unit, start))
                delay = months if delay is None else min(delay, months)
        if delay is not None:
            delays.append(delay)
    periods = sum(len(one.starts) for one in found.values())
    elsewhere = len(told.periods - explained) / (periods / 12)
    return len(delays), statistics.median(delays) if delays else float("nan"), elsewhere


def main(at: Home) -> None:
    publication = current(at)
    file = at.state / "sample" / "truth.json"
    if publication is None or not file.exists():
        raise SystemExit(f"{at.root} holds no run of the sample company: koers run")
    truth = json.loads(Path(file).read_text(encoding="utf-8"))["incidents"]
    with past(publication.file) as facts:
        found = series_of(facts)
        above = {
            (a, d)
            for a, d in facts.execute("select ancestor, descendant from bridge_org_unit").fetchall()
        }
        results = {"Koers": koers(facts)}
        results |= {name: simple(rule, found) for name, rule in RULES.items()}
    starts = [start for one in found.values() for start in one.starts]
    weeks = (max(starts) - min(starts)).days / 7
    owners = len({one.owner for one in found.values()})

    def related(one: str, other: str) -> bool:
        return (one, other) in above or (other, one) in above

    print(f"{len(found):,} series, {len(starts):,} periods, {owners} owners, {weeks:.0f} weeks")
    print(
        f"{'':<24}{'found of ' + str(len(truth)):>12}{'delay':>8}{'elsewhere':>11}{'messages':>10}"
    )
    for name, told in results.items():
        number, delay, elsewhere = scored(told, truth, found, related)
        sent = sum(told.messages.values()) / owners / weeks
        print(f"{name:<24}{number:>12}{delay:>8.1f}{elsewhere:>11.2f}{sent:>10.2f}")


if __name__ == "__main__":
    main(home())
