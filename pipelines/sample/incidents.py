"""What went wrong at the firm, planted: each with its KPI, unit, days and size.

All are counted from the start, so that they stay when the end date moves, but for the last two:
these are in the last month that is over, so that there is always something off course to look at.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pipelines.sample.days import add_months, month_end, months


@dataclass(frozen=True)
class Incident:
    """`factor` is what it does to the measure on its days; `direction` what the KPI does."""

    name: str
    kpi: str
    org_unit_id: str
    first: dt.date
    last: dt.date
    factor: float
    direction: str = "down"

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


def incidents(start: dt.date, end: dt.date) -> dict[str, Incident]:
    """By name: those that are over at the end."""
    last_month = months(start, end)[-1] if months(start, end) else start

    def at(number: int, length: int = 1) -> tuple[dt.date, dt.date]:
        first = add_months(start, number)
        return first, month_end(add_months(first, length - 1))

    purge = add_months(start, 7).replace(day=10)
    broken = add_months(start, 11).replace(day=8)
    planted = [
        Incident("lost_deals", "win_rate", "team-zuid", *at(4, 2), factor=0.35),
        Incident("list_purge", "list_growth", "team-email", purge, purge, factor=0.80),
        Incident("bad_service", "nps", "noorderlicht", *at(9), factor=0.45),
        Incident(
            "broken_template",
            "open_rate",
            "team-email",
            broken,
            broken + dt.timedelta(days=21),
            factor=0.40,
        ),
        Incident("small_orders", "revenue", "verkoop", *at(13), factor=0.45),
        Incident("campaign_off", "project_mqls", "project-webshop", *at(14), factor=0.0),
        Incident(
            "reach_lost",
            "social_reach",
            "team-social",
            last_month,
            month_end(last_month),
            factor=0.3,
        ),
    ]
    over = month_end(last_month)
    planted.append(Incident("quiet_north", "win_rate", "team-noord", last_month, over, factor=0.3))
    return {incident.name: incident for incident in planted if incident.last <= end}


def effect(found: dict[str, Incident], name: str, day: dt.date) -> float:
    """What an incident does on a day; 1 when it is not there."""
    incident = found.get(name)
    return incident.factor if incident and incident.holds(day) else 1.0
