"""`koers kpi lint`: are these KPIs worth steering on? Each rule is a pure function of the facts."""

from __future__ import annotations

from pipelines.kpis.lint import ownership, relations, smart
from pipelines.kpis.lint.facts import Facts
from pipelines.kpis.lint.finding import SEVERITIES, Finding

__all__ = ["RULES", "Finding", "lint"]

RULES = (
    smart.vague,
    smart.one_sided,
    smart.empty_words,
    smart.not_measured,
    smart.stale,
    smart.out_of_reach,
    smart.too_easy,
    smart.no_parent,
    smart.no_end,
    smart.past_end,
    smart.target_ended,
    ownership.no_owner,
    ownership.owner_left,
    ownership.owner_unknown,
    ownership.no_target,
    ownership.no_review_date,
    ownership.review_overdue,
    ownership.jungle,
    ownership.unused,
    relations.opposing,
    relations.same,
)


def lint(facts: Facts) -> list[Finding]:
    """Everything that was found, the gravest first."""
    found = [finding for rule in RULES for finding in rule(facts)]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))
