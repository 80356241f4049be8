"""Does somebody steer on it? Owner, target, review, and how many there are of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from pipelines.kpis.lint.facts import Facts
from pipelines.kpis.lint.finding import Finding


def no_owner(facts: Facts) -> Iterator[Finding]:
    for kpi in facts.kpis:
        if not kpi.owner:
            yield Finding("no_owner", "error", (kpi.kpi,))


def owner_left(facts: Facts) -> Iterator[Finding]:
    """An owner who was in the organisation, and is not any more."""
    for owner, kpis in _by_owner(facts).items():
        if owner in facts.owners_ever and owner not in facts.owners:
            yield Finding("owner_left", "error", kpis, owner)


def owner_unknown(facts: Facts) -> Iterator[Finding]:
    """An owner who owns no unit, is no person and gets no channel: nobody will hear of it."""
    for owner, kpis in _by_owner(facts).items():
        if owner not in facts.owners_ever | facts.owners:
            yield Finding("owner_unknown", "warning", kpis, owner)


def no_target(facts: Facts) -> Iterator[Finding]:
    """A KPI that moves another one may go without: that one has the target."""
    used = {driver for kpi in facts.kpis for driver in kpi.drivers}
    for kpi in facts.kpis:
        if not kpi.agreed and kpi.kpi not in used and not _is_unused(facts, kpi.kpi):
            yield Finding("no_target", "warning", (kpi.kpi,), kpi.owner)


def no_review_date(facts: Facts) -> Iterator[Finding]:
    for kpi in facts.kpis:
        if kpi.review_date is None:
            yield Finding("no_review_date", "warning", (kpi.kpi,), kpi.owner)


def review_overdue(facts: Facts) -> Iterator[Finding]:
    """One finding for each owner and date."""
    due: dict[tuple[str | None, dt.date], list[str]] = defaultdict(list)
    for kpi in facts.kpis:
        if kpi.review_date is not None and kpi.review_date < facts.today:
            due[kpi.owner, kpi.review_date].append(kpi.kpi)
    for (owner, day), kpis in due.items():
        yield Finding("review_overdue", "warning", tuple(kpis), owner, {"due": day})


def jungle(facts: Facts) -> Iterator[Finding]:
    for owner, kpis in _by_owner(facts).items():
        if len(kpis) > facts.most_kpis_per_owner:
            said = {"number": len(kpis), "most": facts.most_kpis_per_owner}
            yield Finding("jungle", "warning", kpis, owner, said)


def unused(facts: Facts) -> Iterator[Finding]:
    """No target, no KPI above it, and never an alert: nobody would miss it."""
    for kpi in facts.kpis:
        if _is_unused(facts, kpi.kpi):
            yield Finding("unused", "warning", (kpi.kpi,), kpi.owner)


def _is_unused(facts: Facts, name: str) -> bool:
    kpi = facts.by_name[name]
    is_driver = any(name in other.drivers for other in facts.kpis)
    return not (kpi.agreed or is_driver or kpi.has_alert)


def _by_owner(facts: Facts) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for kpi in facts.kpis:
        if kpi.owner:
            found[kpi.owner].append(kpi.kpi)
    return {owner: tuple(kpis) for owner, kpis in sorted(found.items())}
