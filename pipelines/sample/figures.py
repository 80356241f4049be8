"""What the KPIs must be, added up from the events in plain Python: numerator and denominator per
KPI, unit and month. It shares no code with the models, so that the two can check each other."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipelines.sample.chance import CENT
from pipelines.sample.company import (
    CAMPAIGNS,
    COST_CENTRES,
    PROFILES,
    ROOT,
    SENDERS,
    Company,
    rate,
)
from pipelines.sample.days import month_end, months
from pipelines.sample.events import Events

Key = tuple[str, str, dt.date]
Figures = dict[Key, list[Decimal]]
"""(kpi, unit, first day of the month): [numerator, denominator]; the denominator of what is no
ratio stays zero."""


def figures(firm: Company, events: Events, end: dt.date) -> Figures:
    """Of every month that lies whole between the start of the firm and the end."""
    made = _Adding(firm, months(firm.start, end))
    people = {login: person for person, login in firm.logins.items()}
    names = {name: person for person, name in firm.names.items()}

    def of_login(owner: Any, day: dt.date) -> str | None:
        return firm.team_of(people[owner], day) if owner in people else None

    for deal in events.deals:
        value = _in_euro(deal["amount"], deal["currency"], deal["created_at"].date())
        if deal["stage"] != "open":
            day = deal["closed_at"].date()
            team, won = of_login(deal["owner"], day), int(deal["stage"] == "won")
            order = _in_euro(deal["amount"], deal["currency"], day) if won else Decimal(0)
            made.add("new_orders", team, day, won)
            made.add("revenue", team, day, order)
            made.add("win_rate", team, day, won, 1)
            made.add("average_order", team, day, order, won)
        made.balance("order_book", deal, value, of_login)
    for contact in events.contacts:
        if contact["mql_at"]:
            day = contact["mql_at"].date()
            made.add("mqls", of_login(contact["owner"], day), day, 1)
            if contact["campaign"]:
                project = CAMPAIGNS[contact["campaign"]]
                made.add_at("project_mqls", [project], day, 1)
                made.add("project_mqls", of_login(contact["owner"], day), day, 1)
    for activity in events.activities:
        day = activity["activity_at"].date()
        made.add("sales_activities", of_login(activity["owner"], day), day, 1)
    for mail in events.mailings:
        day, team = mail["sent_at"].date(), SENDERS[mail["sender"]]
        made.add("open_rate", team, day, mail["unique_opens"], mail["delivered"])
        made.add("click_through_rate", team, day, mail["unique_clicks"], mail["delivered"])
    _snapshots(made, events.list_sizes, "list_growth", "list_id", "subscribers", SENDERS)
    for row in events.list_sizes:
        if row["snapshot_date"] == month_end(row["snapshot_date"]):
            made.add("list_size", SENDERS[row["sender"]], row["snapshot_date"], row["subscribers"])
    for post in events.posts:
        day, team = post["published_at"].date(), PROFILES[post["network"], post["profile"]]
        made.add("social_reach", team, day, post["reach"])
        made.add("social_click_rate", team, day, post["clicks"], post["impressions"])
    profiles = {profile: team for (_, profile), team in PROFILES.items()}
    keyed = [{**row, "key": (row["network"], row["profile"])} for row in events.profile_days]
    _snapshots(made, keyed, "followers_growth", "key", "followers", profiles)
    for answer in events.responses:
        if answer["score"] is not None:
            day = answer["responded_at"].date()
            points = 100 if answer["score"] >= 9 else -100 if answer["score"] <= 6 else 0
            made.add("nps", firm.team_of(names[answer["owner"]], day), day, points, 1)
    for entry in events.entries:
        day, team = entry["entry_date"], COST_CENTRES[entry["cost_centre"]]
        is_revenue = entry["account_type"] == "Omzet"
        result = entry["amount"] if is_revenue else -entry["amount"]
        made.add("return_pct", team, day, result, entry["amount"] if is_revenue else 0)
    return made.figures


class _Adding:
    """Adds up at a unit and all above it, in the month of a day."""

    def __init__(self, firm: Company, of: list[dt.date]) -> None:
        self.firm, self.months = firm, of
        self.figures: Figures = defaultdict(lambda: [Decimal(0), Decimal(0)])

    def add(self, kpi: str, team: str | None, day: dt.date, n: Any, d: Any = 0) -> None:
        self.add_at(kpi, self.firm.above(team, day), day, n, d)

    def add_at(self, kpi: str, units: Iterable[str], day: dt.date, n: Any, d: Any = 0) -> None:
        month = day.replace(day=1)
        if month in self.months:
            for unit in units:
                sums = self.figures[kpi, unit, month]
                sums[0] += n
                sums[1] += d

    def balance(self, kpi: str, deal: Any, value: Decimal, team_of: Any) -> None:
        """A deal counts in every month at the end of which it is open, where its owner then is."""
        for month in self.months:
            day = month_end(month)
            closed = deal["closed_at"].date() if deal["stage"] != "open" else dt.date.max
            if deal["created_at"].date() <= day < closed:
                self.add(kpi, team_of(deal["owner"], day), day, value)


def _snapshots(
    made: _Adding, rows: Iterable[Any], kpi: str, key: str, count: str, teams: dict[str, str]
) -> None:
    before: dict[Any, int] = {}
    for row in rows:
        owner = row.get("sender") or row.get("profile")
        if row[key] in before:
            made.add(kpi, teams[owner], row["snapshot_date"], row[count] - before[row[key]])
        before[row[key]] = row[count]


def _in_euro(amount: Any, currency: Any, day: dt.date) -> Decimal:
    worth: Decimal = amount * rate(currency, day.replace(day=1))
    return worth.quantize(CENT, ROUND_HALF_UP)


def organisation_value(of: Figures, kpi: str, month: dt.date) -> list[Decimal]:
    """Numerator and denominator of the organisation."""
    return of.get((kpi, ROOT, month), [Decimal(0), Decimal(0)])
