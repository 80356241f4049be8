"""What the firm agreed on: targets per KPI, unit and quarter, as its managers would set them, from
the first half year and how busy the months to come will be. Widths are the managers' choice too.

Some are agreed for a whole year and spread with the season, one of them shared out to teams and
people; and one is growth on last year, as soon as there is one.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from pipelines.sample.company import ROOT, SALES, SIZES, UNITS, Company
from pipelines.sample.days import MONTH_WEIGHTS, add_months, busyness, days, month_end
from pipelines.sample.figures import Figures

BASE_MONTHS = 4
"""From which the level is taken; no incident falls in them."""

# kpi: (units, tolerance on the side that hurts, type of tolerance)
AGREED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "revenue": ((ROOT, "verkoop", *SALES), "0.35", "percent"),
    "return_pct": ((ROOT,), "0.12", "absolute"),
    "nps": ((ROOT,), "14", "absolute"),
    "new_orders": (("verkoop",), "0.35", "percent"),
    "win_rate": (("verkoop", "team-noord", "team-zuid", "team-zakelijk"), "0.45", "percent"),
    "average_order": ((ROOT, "verkoop"), "0.30", "percent"),
    "order_margin": ((ROOT, "verkoop"), "0.08", "absolute"),
    "order_book": (("verkoop",), "0.40", "percent"),
    "mqls": (("marketing",), "0.35", "percent"),
    "project_mqls": (("project-webshop", "project-zon"), "0.75", "percent"),
    "open_rate": (("team-email",), "0.12", "percent"),
    "click_through_rate": (("team-email",), "0.25", "percent"),
    "list_size": (("team-email",), "0.15", "percent"),
    "list_growth": (("team-email",), "0.80", "percent"),
    "social_reach": (("team-social",), "0.40", "percent"),
    "social_click_rate": (("team-social",), "0.25", "percent"),
    "followers_growth": (("team-social",), "0.50", "percent"),
    "gross_margin": ((ROOT,), "0.08", "absolute"),
    "active_customers": ((ROOT,), "0.40", "percent"),
    "days_sales_outstanding": ((ROOT,), "0.30", "percent"),
    "overdue_share": ((ROOT,), "0.20", "absolute"),
    "survey_response_rate": ((ROOT,), "0.12", "absolute"),
    "cost_per_mql": (("marketing",), "0.80", "percent"),
    "delivery_rate": (("team-email",), "0.02", "percent"),
    "bounce_rate": (("team-email",), "0.30", "percent"),
    "unsubscribe_rate": (("team-email",), "0.50", "percent"),
    "engagement_rate": (("team-social",), "0.25", "percent"),
    "followers": (("team-social",), "0.20", "percent"),
    "sales_cycle": (("verkoop",), "0.50", "percent"),
    "training_hours": ((ROOT,), "0.70", "percent"),
    "web_conversion_rate": (("project-webshop", "project-zon"), "0.60", "percent"),
}
SEASON = "seizoen"
# kpi: (unit, tolerance below), agreed per year
PER_YEAR = {"sales_activities": ("verkoop", "0.5"), "booked_revenue": (ROOT, "0.35")}
SHARED_OUT = "sales_activities"
# kpi: (unit, growth on last year, tolerance below), from the first quarter that can be compared
GROWTH = {"social_impressions": ("team-social", "0.05", "0.45")}
LOWER_IS_BETTER = {
    "days_sales_outstanding",
    "overdue_share",
    "cost_per_mql",
    "bounce_rate",
    "unsubscribe_rate",
    "sales_cycle",
}
WITH_THE_SEASON = {
    "revenue",
    "new_orders",
    "order_book",
    "mqls",
    "project_mqls",
}


def targets(of: Figures, start: dt.date, end: dt.date) -> list[dict[str, Any]]:
    """Rows of kpi_targets: monthly values, agreed per quarter, from the start to half a year after
    the end."""
    base = [add_months(start, n) for n in range(BASE_MONTHS)]
    found = []
    quarter = start.replace(month=start.month - (start.month - 1) % 3, day=1)
    while quarter <= add_months(end.replace(day=1), 6):
        for kpi, (units, width, kind) in AGREED.items():
            for unit in units:
                if (level := _level(of, kpi, unit, base)) is None:
                    continue
                if kpi in WITH_THE_SEASON:
                    level *= _work(quarter, 3, start) / 3 / (_work(base[0], len(base), start) / 4)
                found.append(
                    {
                        "kpi": kpi,
                        "org_unit_id": unit,
                        "grain": "month",
                        "target": _rounded(level),
                        "tolerance_lower": None if kpi in LOWER_IS_BETTER else Decimal(width),
                        "tolerance_upper": Decimal(width) if kpi in LOWER_IS_BETTER else None,
                        "tolerance_type": kind,
                        "valid_from": quarter,
                        "valid_to": month_end(add_months(quarter, 2)),
                        "owner": UNITS[unit][3],
                    }
                )
        quarter = add_months(quarter, 3)
    return [*found, *_per_year(of, start, end, base), *_growth(start, end)]


def profiles() -> list[dict[str, Any]]:
    """Rows of target_profiles: how busy the months are beside each other, as whole numbers."""
    return [
        {"profile": SEASON, "month": month, "weight": round(100 * weight)}
        for month, weight in enumerate(MONTH_WEIGHTS, 1)
    ]


def shares(firm: Company) -> list[dict[str, Any]]:
    """Rows of target_shares: a team of the department of sales takes part by its people, and they
    by the part of their work that is there."""
    of_teams: list[dict[str, Any]] = [
        {"parent_id": "verkoop", "child_id": team, "weight": SIZES[team]} for team in SALES
    ]
    of_people: list[dict[str, Any]] = [
        {
            "parent_id": stay.team,
            "child_id": stay.person,
            "weight": stay.percent or 100,
            "valid_from": stay.first,
            "valid_to": stay.last,
        }
        for stay in firm.stays
        if stay.team in SALES
    ]
    return [{"kpi": SHARED_OUT, **row} for row in (*of_teams, *of_people)]


def _per_year(
    of: Figures, start: dt.date, end: dt.date, base: list[dt.date]
) -> list[dict[str, Any]]:
    found = []
    for year in range(start.year, end.year + 1):
        first = dt.date(year, 1, 1)
        for kpi, (unit, width) in PER_YEAR.items():
            if (level := _level(of, kpi, unit, base)) is None:
                continue
            busy = _work(first, 12, start) / (_work(base[0], len(base), start) / len(base))
            found.append(
                {
                    **_row(kpi, unit, "year", _rounded(level * busy), width),
                    "profile": SEASON,
                    "valid_from": first,
                    "valid_to": dt.date(year, 12, 31),
                }
            )
    return found


def _growth(start: dt.date, end: dt.date) -> list[dict[str, Any]]:
    first = add_months(start, 13)
    return [
        {
            **_row(kpi, unit, "month", Decimal(growth), width),
            "target_type": "groei",
            "valid_from": first,
            "valid_to": month_end(add_months(first, 11)),
        }
        for kpi, (unit, growth, width) in GROWTH.items()
        if first <= end
    ]


def _row(kpi: str, unit: str, grain: str, target: Decimal, width: str) -> dict[str, Any]:
    return {
        "kpi": kpi,
        "org_unit_id": unit,
        "grain": grain,
        "target": target,
        "tolerance_lower": Decimal(width),
        "tolerance_type": "percent",
        "owner": UNITS[unit][3],
    }


def _level(of: Figures, kpi: str, unit: str, base: list[dt.date]) -> float | None:
    pairs = [of[kpi, unit, month] for month in base if (kpi, unit, month) in of]
    if not pairs:
        return None
    numerator, denominator = (float(sum(pair[n] for pair in pairs)) for n in (0, 1))
    return numerator / denominator if denominator else numerator / len(pairs)


def _work(month: dt.date, number: int, start: dt.date) -> float:
    last = month_end(add_months(month, number - 1))
    return sum(busyness(day, start) for day in days(month, last))


def _rounded(level: float) -> Decimal:
    """To two figures, as people agree on numbers."""
    return Decimal(f"{level:.2g}").quantize(Decimal("0.0001"))
