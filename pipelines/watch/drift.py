"""Which alerts begin, change and end: pure, given the newest status of the series and the alerts so
far. How one alert moves is `machine`; here stands what concerns several: which of them are told.

Judged is only the newest closed and complete period of a KPI at its cadence. So history may be
restated, backfilled or rebuilt without a word, and a unit that has ended or is late is not judged
on an old period.

An alert is not told on its own while another explains it: that of the same KPI and kind for a unit
above it, off to the same side, or, for a drift, that of the same series being off course. The one
that explains names those it explains, to their owners too, so that everybody hears of it once. What
begins later, while the other goes on, is told when that is over and it is not.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.course import Point
from pipelines.movers import Mover
from pipelines.settings import PERSON as PERSON  # whose units are never named to somebody else
from pipelines.watch.known import Known
from pipelines.watch.machine import AlertState, Reading, Rule, Verdict, step

TOLERANCE = "tolerance"
DRIFT = "drift"
KINDS = (TOLERANCE, DRIFT)
FIRING = "firing"
RESOLVED = "resolved"
ENDED = "ended"

Series = tuple[str, str, str]
"""kpi, org_unit_id, kind"""


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest period of one series, judged in one way (`kind`), and what a reader of a message
    wants to know about it.

    `off_periods` is the number of periods in a row, up to this one, that are out of the band of
    this kind; `off_since` the first day of the first of them. `off_of_last` counts those among the
    last `of_periods`, of which `fire_periods` make an alert; `in_a_row` the periods well inside, of
    which `recover_periods` end it. `process_score` is the distance from the centre of the process
    band, in half-widths. `known_event` names what is known to explain the period.
    """

    kpi: str
    org_unit_id: str
    grain: str
    period_start: dt.date
    period_end: dt.date
    status: str
    kpi_value: float | None
    target: float | None
    band_lower: float | None
    band_upper: float | None
    process_status: str | None
    process_band_lower: float | None
    process_band_centre: float | None
    process_band_upper: float | None
    process_score: float | None
    known_event: str | None
    definition_version: str | None
    label_nl: str
    label_en: str
    unit: str
    unit_name: str
    layer: str
    is_unassigned: bool
    owner: str
    kind: str
    verdict: Verdict
    off_since: dt.date | None = None
    off_periods: int = 0
    off_of_last: int = 1
    in_a_row: int = 0
    fire_periods: int = 1
    of_periods: int = 1
    recover_periods: int = 1

    @property
    def series(self) -> Series:
        return self.kpi, self.org_unit_id, self.kind

    @property
    def band(self) -> tuple[float | None, float | None]:
        """The band that this judgement is about."""
        if self.kind == DRIFT:
            return self.process_band_lower, self.process_band_upper
        return self.band_lower, self.band_upper

    @property
    def outside(self) -> float:
        """How far the value is below (negative) or above its band; 0 inside."""
        lower, upper = self.band
        value = self.kpi_value
        if value is None or not math.isfinite(value):
            return 0.0
        if lower is not None and value < lower:
            return value - lower
        if upper is not None and value > upper:
            return value - upper
        return 0.0

    @property
    def reading(self) -> Reading:
        value = self.kpi_value
        missing = value is None or not math.isfinite(value)
        verdict: Verdict = "no_data" if missing and self.verdict != "no_data" else self.verdict
        return Reading(self.period_start, verdict, self.off_of_last, self.in_a_row)

    @property
    def rule(self) -> Rule:
        return Rule(self.fire_periods, self.of_periods, self.recover_periods)


@dataclass(frozen=True, slots=True)
class Alert:
    """The latest alert of a series, as its events tell: `since` is the first day of the period in
    which it began, `events` how many there are."""

    alert_id: str
    since: dt.date
    events: int
    at: AlertState
    folded_into: str | None = None


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a KPI was judged before, and under which definition."""

    period_start: dt.date
    definition_version: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """No messages between two moments (aware; the second excluded) about the alerts that fit; what
    is None fits all. Alerts go their way in the meantime, and are told afterwards if not over.
    number: of the ledger, once it is there; reason: why."""

    since: dt.datetime
    until: dt.datetime
    kpi: str | None = None
    org_unit_id: str | None = None
    owner: str | None = None
    number: int | None = None
    reason: str = ""

    def holds(self, row: Judged, now: dt.datetime) -> bool:
        return (
            self.since <= now < self.until
            and self.kpi in (None, row.kpi)
            and self.org_unit_id in (None, row.org_unit_id)
            and self.owner in (None, row.owner)
        )


def is_silent(row: Judged, silences: Iterable[Silence], now: dt.datetime) -> bool:
    """Whether any of the silences holds for an alert at a moment (aware)."""
    return any(silence.holds(row, now) for silence in silences)


def dedup_key(alert_id: str, events_before: int, state: str) -> str:
    """Names a transition. The ordinal makes it the same whenever the same history is told again."""
    return f"{alert_id}#{events_before + 1}-{state}"


@dataclass(frozen=True, slots=True)
class Event:
    """One transition. `is_news`: its owner is told. `explains`: what is told with it, of other
    units. `folded_into`: the alert that explains this one. `is_escalation`: told to those above,
    since nobody acknowledged it in time. `moved_by`: what contributed most to its change. `points`:
    the series up to its period, oldest first. `known`: what the figure was made of, where the
    publication that is judged makes it fire. `is_late`: it is over since data that came in later
    changed a period that was judged before."""

    alert_id: str
    kind: str
    state: str
    publication_id: str
    dedup_key: str
    since: dt.date
    row: Judged
    at: AlertState
    is_news: bool = True
    folded_into: str | None = None
    explains: tuple[Judged, ...] = ()
    is_escalation: bool = False
    moved_by: tuple[Mover, ...] = ()
    points: tuple[Point, ...] = ()
    known: Known | None = None
    is_late: bool = False


@dataclass(slots=True)
class _Step:
    row: Judged
    alert_id: str
    since: dt.date
    events: int
    before: AlertState
    after: AlertState
    folded_before: str | None
    folded_into: str | None = None
    is_news: bool = False
    is_again: bool = False  # the period was judged before


def evaluate(
    rows: Iterable[Judged],
    alerts: Mapping[Series, Alert],
    publication_id: str,
    watermarks: Mapping[tuple[str, str], Watermark],
    *,
    now: dt.datetime,
    silences: Sequence[Silence] = (),
    above: Mapping[str, Sequence[str]] | None = None,
) -> list[Event]:
    """The transitions that these rows bring about; `watermarks` by (kpi, grain). One row per series
    and kind: its newest closed and complete period. above: the units above each unit, the nearest
    first. now: aware."""
    steps: dict[Series, _Step] = {}
    for row in rows:
        alert = alerts.get(row.series)
        watermark = watermarks.get((row.kpi, row.grain))
        if not row.is_unassigned and not _is_history(row, alert, watermark):
            each = steps[row.series] = _step(row, alert, now)
            each.is_again = watermark is not None and row.period_start <= watermark.period_start
    raised = {each.alert_id for each in steps.values() if each.after.is_raised}
    for each in steps.values():
        _tell(each, steps, raised, silences, above or {}, now)
    news = {each.alert_id for each in steps.values() if each.is_news}
    folded = {each.alert_id: each.folded_into for each in steps.values() if each.folded_into}
    explained: defaultdict[str, list[Judged]] = defaultdict(list)
    for each in steps.values():
        told_by = each.folded_into
        while told_by in folded:
            told_by = folded[told_by]
        if told_by is not None:
            explained[told_by].append(each.row)
            if told_by in news and each.row.layer != PERSON:
                each.after = replace(each.after, is_told=True)
    return [_event(each, publication_id, explained) for each in steps.values() if _moved(each)]


def _is_history(row: Judged, alert: Alert | None, watermark: Watermark | None) -> bool:
    """Whether this period was passed already, or is judged anew by another definition."""
    known = alert.at.period_start if alert else None
    if known is not None and row.period_start < known:
        return True
    if watermark is None or row.period_start > watermark.period_start:
        return False
    restated = row.definition_version != watermark.definition_version
    return row.period_start < watermark.period_start or restated


def _step(row: Judged, alert: Alert | None, now: dt.datetime) -> _Step:
    before = alert.at if alert else AlertState()
    after = step(before, row.reading, row.rule, now)
    if alert is not None and (before.is_open or after == before or _same_period(before, row)):
        return _Step(
            row, alert.alert_id, alert.since, alert.events, before, after, alert.folded_into
        )
    alert_id = f"{row.kpi}/{row.org_unit_id}/{row.kind}/{row.period_start.isoformat()}"
    return _Step(row, alert_id, row.off_since or row.period_start, 0, before, after, None)


def _same_period(before: AlertState, row: Judged) -> bool:
    """An alert that ended in this very period goes on where late data say it had not ended."""
    return before.period_start == row.period_start


def _tell(
    each: _Step,
    steps: Mapping[Series, _Step],
    raised: Collection[str],
    silences: Sequence[Silence],
    above: Mapping[str, Sequence[str]],
    now: dt.datetime,
) -> None:
    quiet = is_silent(each.row, silences, now)
    if each.after.state == RESOLVED:
        each.is_news = each.before.state != RESOLVED and each.after.is_told and not quiet
    elif each.after.state == FIRING and not each.after.is_told:
        each.folded_into = _explained_by(each, steps, above)
        if each.folded_into is None and not quiet:
            each.is_news = True
            each.after = replace(each.after, is_told=True)
    elif each.after.is_raised and each.folded_before in raised:
        each.folded_into = each.folded_before


def _explained_by(
    each: _Step, steps: Mapping[Series, _Step], above: Mapping[str, Sequence[str]]
) -> str | None:
    """The alert that explains this one: of the highest unit above it; else of its own series."""
    row = each.row
    for unit in reversed(above.get(row.org_unit_id, ())):
        other = steps.get((row.kpi, unit, row.kind))
        if other is not None and other.after.is_raised and _one_side(other.row, row):
            return other.alert_id
    if row.kind == DRIFT:
        other = steps.get((row.kpi, row.org_unit_id, TOLERANCE))
        if other is not None and other.after.is_raised:
            return other.alert_id
    return None


def _one_side(one: Judged, other: Judged) -> bool:
    return one.outside * other.outside > 0


def _moved(each: _Step) -> bool:
    return each.is_news or each.after != each.before or each.folded_into != each.folded_before


def _event(each: _Step, publication_id: str, explained: Mapping[str, Sequence[Judged]]) -> Event:
    state = each.after.state
    is_told_now = each.is_news and state == FIRING
    return Event(
        alert_id=each.alert_id,
        kind=each.row.kind,
        state=state,
        publication_id=publication_id,
        dedup_key=dedup_key(each.alert_id, each.events, state),
        since=each.since,
        row=each.row,
        at=each.after,
        is_news=each.is_news,
        folded_into=each.folded_into,
        explains=tuple(explained.get(each.alert_id, ())) if is_told_now else (),
        is_late=each.is_again and state == RESOLVED and each.before.state != RESOLVED,
    )
