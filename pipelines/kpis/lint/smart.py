"""Is a KPI specific, measurable, realistic, relevant and time-bound? One small rule for each."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator

from pipelines.kpis.lint.facts import Agreed, Facts, KpiFacts, Period
from pipelines.kpis.lint.finding import Finding, Said, Severity

FEWEST_NEW_WORDS = 2
FEWEST_WORDS = 3
FEWEST_PERIODS = 8
HISTORY_PERIODS = 24
RARELY, NEARLY_ALWAYS = 0.25, 0.75
Z = 1.96

_SMALL = frozenset(
    re.findall(r"\w+", "a an and at by for in is of on per that the to was de een en het op van")
)
_SHARE = re.compile(
    r"\b(per|over|divided|share|part|rate of|ratio|percentage|minus|less|of those|out of|than|"
    r"how (much|many)|margin|against|between|average|mean|each|on a|change|in \d+|"
    r"deel|gedeeld|aandeel|min|tegenover|gemiddeld|elke?|van de|hoeveel|dan|tussen)\b|%",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"^\W*(tbd|todo|tba|n\.?v\.?t\.?|n/?a|none|geen|later|\?+|-+|x+)\W*$", re.I)
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


def vague(facts: Facts) -> Iterator[Finding]:
    """Specific: a definition says more than the name."""
    for kpi in facts.kpis:
        for language, text in kpi.description.items():
            new = _words(text) - _words(kpi.label.get(language, ""))
            if len(new) < FEWEST_NEW_WORDS:
                yield _of("vague", "warning", kpi, text=text or "-")
                break


def one_sided(facts: Facts) -> Iterator[Finding]:
    """Specific: a ratio says in words what is divided by what."""
    for kpi in facts.kpis:
        if kpi.denominator and not any(_SHARE.search(text) for text in kpi.description.values()):
            yield _of("one_sided", "warning", kpi, denominator=kpi.denominator)


def empty_words(facts: Facts) -> Iterator[Finding]:
    """A SMART field that was filled in because it had to be."""
    for kpi in facts.kpis:
        empty = [
            name
            for name, text in kpi.smart.items()
            if not text or _NOTHING.match(text) or len(text.split()) < FEWEST_WORDS
        ]
        if empty:
            yield _of("empty_words", "warning", kpi, fields=", ".join(empty))


def not_measured(facts: Facts) -> Iterator[Finding]:
    """Measurable: there is a closed period with a value."""
    for kpi in facts.kpis:
        if kpi.known_until is None:
            yield _of("not_measured", "error", kpi, sources=", ".join(kpi.sources) or "-")


def stale(facts: Facts) -> Iterator[Finding]:
    """Measurable: what it is counted from still comes in. One finding for each source."""
    for connector, until in sorted(facts.stale.items()):
        waiting = tuple(kpi.kpi for kpi in facts.kpis if connector in kpi.sources)
        if waiting:
            said: dict[str, Said] = {"source": connector, "until": until}
            yield Finding("stale", "error", waiting, said=said)


def out_of_reach(facts: Facts) -> Iterator[Finding]:
    """Realistic: the target was reached now and then."""
    yield from _reach(facts, "out_of_reach", lambda low, high: high < RARELY)


def too_easy(facts: Facts) -> Iterator[Finding]:
    """Realistic: a target that nearly every period reaches asks nothing."""
    yield from _reach(facts, "too_easy", lambda low, high: low > NEARLY_ALWAYS)


def no_parent(facts: Facts) -> Iterator[Finding]:
    """Relevant: it moves a KPI above it, or it is one that the organisation itself steers on."""
    used = {driver for kpi in facts.kpis for driver in kpi.drivers}
    for kpi in facts.kpis:
        if kpi.home_layer != "organisation" and kpi.kpi not in used:
            yield _of("no_parent", "warning", kpi, layer=kpi.home_layer)


def no_end(facts: Facts) -> Iterator[Finding]:
    """Time-bound: it says until when."""
    for kpi in facts.kpis:
        if (text := kpi.smart.get("time_bound")) and not re.search(r"\d", text):
            yield _of("no_end", "warning", kpi, text=text)


def past_end(facts: Facts) -> Iterator[Finding]:
    """Time-bound: the day until which it holds has not passed. One finding for each owner."""
    passed: dict[tuple[str | None, dt.date], list[str]] = {}
    for kpi in facts.kpis:
        days = _dates(kpi.smart.get("time_bound") or "")
        if days and max(days) < facts.today:
            passed.setdefault((kpi.owner, max(days)), []).append(kpi.kpi)
    for (owner, day), names in passed.items():
        yield Finding("past_end", "warning", tuple(names), owner, {"until": day})


def target_ended(facts: Facts) -> Iterator[Finding]:
    """Time-bound: there was a target, and none holds for the newest period."""
    for kpi in facts.kpis:
        over = [each for each in kpi.agreed if each.periods[-1].target is None]
        if over:
            last = max(p.start for each in over for p in each.periods if p.target is not None)
            units = ", ".join(each.unit_name for each in over[:3])
            yield _of("target_ended", "warning", kpi, units=units, until=last)


def reached(agreed: Agreed, direction: str) -> tuple[int, int]:
    """In how many of the last 24 closed periods the target was reached, and of how many.

    A target that holds for a long stretch is taken as it is now. One that follows the season (more
    than two different targets in these periods) is met or not in each period by itself: that is
    what makes periods of different seasons comparable.
    """
    known = [p for p in agreed.periods if p.value is not None and p.is_closed]
    with_target = [p for p in known if p.target is not None][-HISTORY_PERIODS:]
    newest = next((p for p in reversed(agreed.periods) if p.target is not None), None)
    if newest is None:
        return 0, 0
    if len({p.target for p in with_target}) <= 2:
        return sum(_meets(p, newest, direction) for p in known[-HISTORY_PERIODS:]), len(
            known[-HISTORY_PERIODS:]
        )
    return sum(_meets(p, p, direction) for p in with_target), len(with_target)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The probability of reaching it, between which bounds: the 95 % score interval for a share
    (E. B. Wilson, Journal of the American Statistical Association 22, 1927)."""
    if not trials:
        return 0.0, 1.0
    share, z2 = successes / trials, Z * Z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def _reach(facts: Facts, rule: str, is_wrong: Callable[[float, float], bool]) -> Iterator[Finding]:
    for kpi in facts.kpis:
        found = []
        for agreed in kpi.agreed:
            times, of = reached(agreed, kpi.direction)
            low, high = wilson(times, of)
            if of >= FEWEST_PERIODS and is_wrong(low, high):
                found.append((agreed.unit_name, times, of, low, high))
        if found:
            unit, times, of, low, high = found[0]
            yield _of(
                rule,
                "warning",
                kpi,
                unit=unit,
                times=times,
                of=of,
                low=round(100 * low),
                high=round(100 * high),
                more=len(found) - 1,
                periods=f"#{kpi.cadence}",
            )


def _meets(period: Period, agreed: Period, direction: str) -> bool:
    value, target = period.value, agreed.target
    if value is None or target is None:
        return False
    if direction == "within":
        lower = -math.inf if agreed.lower is None else agreed.lower
        return lower <= value <= (math.inf if agreed.upper is None else agreed.upper)
    return value >= target if direction == "higher" else value <= target


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if word not in _SMALL}


def _dates(text: str) -> list[dt.date]:
    found = []
    for year, month, day in _DATE.findall(text):
        try:
            found.append(dt.date(int(year), int(month), int(day)))
        except ValueError:
            continue  # no day of the calendar: no date
    return found


def _of(rule: str, severity: Severity, kpi: KpiFacts, **said: Said) -> Finding:
    return Finding(rule, severity, (kpi.kpi,), kpi.owner, said)
