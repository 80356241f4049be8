"""The firm's projects: milestones, budgets, what counts as new, visits to its pages, and what these
visits lead to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from pipelines.sample import chance as luck
from pipelines.sample.company import CAMPAIGNS
from pipelines.sample.days import add_months, busyness, days

Record = dict[str, Any]

LAUNCH = "Lancering"
# name: months after the start
MILESTONES = {
    "Plan klaar": 1,
    "Ontwerp goedgekeurd": 3,
    LAUNCH: 6,
    "Evaluatie": 10,
    "Afronding": 16,
}
BUDGET = Decimal(260_000)
# page: (unit that looks after it, campaign that brings the visits)
PAGES: dict[str, tuple[str, str | None]] = {
    "Home": ("team-content", None),
    "Webshop": ("marketing", "webshop-lancering"),
    "Vakbeurs": ("verkoop", "beurs-utrecht"),
    "Zonnepanelen": ("team-social", "zon-op-dak"),
}
# whether a campaign brought the visit: (goal, share of the visits that reach it)
GOALS = {True: ("Offerte aangevraagd", 0.04), False: ("Nieuwsbrief", 0.015)}


def milestones(start: dt.date, seed: int) -> list[Record]:
    """Milestones of every project; `done_date` may lie after the end of the sample."""
    found = []
    for project in CAMPAIGNS.values():
        chance = luck.of_day(seed, f"milestones/{project}", start)
        for milestone, after in MILESTONES.items():
            due = add_months(start, after).replace(day=chance.randrange(3, 27))
            late = chance.randrange(-6, 4) if chance.random() < 0.75 else chance.randrange(4, 30)
            found.append(
                {
                    "project_id": project,
                    "milestone": milestone,
                    "due_date": due,
                    "done_date": due + dt.timedelta(days=late),
                }
            )
    return found


def budgets(start: dt.date, size: int) -> list[Record]:
    """One budget per project, granted when the firm's history begins."""
    return [
        {"project_id": project, "amount": BUDGET * size, "valid_from": start, "valid_to": None}
        for project in CAMPAIGNS.values()
    ]


def innovations(start: dt.date) -> list[Record]:
    """Which product and markets count as new, and when."""
    until = dt.timedelta(days=-1)
    return [
        _new("product", "Laadpaal", add_months(start, 3), add_months(start, 15) + until),
        _new("markt", "Vlaanderen", None, add_months(start, 14) + until),
        _new("markt", "Nordrhein-Westfalen", add_months(start, 6), None),
    ]


def _new(kind: str, name: str, first: dt.date | None, last: dt.date | None) -> Record:
    return {"kind": kind, "name": name, "valid_from": first, "valid_to": last}


def visits(
    start: dt.date, end: dt.date, of_projects: list[Record], size: int, seed: int
) -> list[Record]:
    """Visits per page and day; those of a project nearly double when it is launched."""
    launched = {m["project_id"]: m["done_date"] for m in of_projects if m["milestone"] == LAUNCH}
    found = []
    for day in days(start, end):
        chance = luck.of_day(seed, "visits", day)
        for page, (_, campaign) in PAGES.items():
            expected = (260.0 if campaign is None else 90.0) * size * (0.35 + busyness(day, start))
            if campaign and day >= launched[CAMPAIGNS[campaign]]:
                expected *= 1.8
            number = luck.count(chance, expected)
            found.append(
                {
                    "page": page,
                    "campaign": campaign,
                    "visit_date": day,
                    "visits": number,
                    "visitors": luck.share(chance, number, 0.8),
                }
            )
    return found


def conversions(of_visits: list[Record], seed: int) -> list[Record]:
    """What the visits of a campaign lead to, per goal and day; days without are left out, as an
    export leaves them out."""
    found = []
    for row in of_visits:
        goal, rate = GOALS[row["campaign"] is not None]
        chance = luck.of_day(seed, f"web conversions/{row['page']}", row["visit_date"])
        number = luck.share(chance, row["visits"], rate)
        if number:
            found.append(
                {
                    "goal": goal,
                    "campaign": row["campaign"],
                    "conversion_date": row["visit_date"],
                    "conversions": number,
                }
            )
    return found
