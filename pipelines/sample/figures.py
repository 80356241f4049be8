"""What the KPIs must be, added up from the events in plain Python: numerator and denominator per
KPI, unit and month. It shares no code with the models, so that the two can check each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipelines.sample.adding import Adding, Figures, Where
from pipelines.sample.chance import CENT
from pipelines.sample.company import (
    CAMPAIGNS,
    COST_CENTRES,
    PROFILES,
    SENDERS,
    UNITS,
    Company,
    rate,
)
from pipelines.sample.days import month_end, months
from pipelines.sample.events import Events, Record
from pipelines.sample.people import number_of
from pipelines.sample.projects import LAUNCH, PAGES

NEVER = dt.date.max
COSTS = ("Kostprijs", "Marketingkosten", "Kosten")

__all__ = ["Figures", "figures"]


def figures(firm: Company, events: Events, end: dt.date) -> Figures:
    """Of every month that lies whole between the start of the firm and the end."""
    made = Adding(firm, months(firm.start, end))
    logins = {login: person for person, login in firm.logins.items()}
    names = {name: person for person, name in firm.names.items()}
    numbers = {number_of(person): person for person in firm.names}

    def at_login(owner: Any) -> Callable[[dt.date], Where]:
        return lambda day: firm.places(logins[owner], day) if owner in logins else None

    _deals(made, events, at_login)
    _contacts(made, events.contacts, at_login, end)
    for activity in events.activities:
        day, where = activity["activity_at"].date(), at_login(activity["owner"])
        made.add("sales_activities", where(day), day, 1)
        made.add("activities_per_person", where(day), day, 1)
        made.count("activities_per_person", where(day), day, activity["owner"], below=True)
    _mailings(made, events)
    _social(made, events)
    for answer in events.responses:
        invited = answer["invited_at"].date()
        person, is_answered = names[answer["owner"]], answer["score"] is not None
        asked = firm.places(person, invited)
        made.add("survey_response_rate", asked, invited, int(is_answered), 1)
        if is_answered:
            day = answer["responded_at"].date()
            points = 100 if answer["score"] >= 9 else -100 if answer["score"] <= 6 else 0
            made.add("nps", firm.places(person, day), day, points, 1)
    _ledger(made, events)
    _invoices(made, events.invoices)
    _projects(made, firm, events, end)
    for training in events.trainings:
        day = training["training_date"]
        at = firm.places(numbers[training["employee"]], day)
        made.add("training_hours", at, day, training["hours"])
    for goal in events.goals:
        due, reached = goal["due_date"], goal["reached_date"] or NEVER
        at = firm.places(numbers[goal["employee"]], due)
        made.add("goals_reached", at, due, int(reached <= due), 1)
    made.counted()
    return made.figures


def _deals(
    made: Adding,
    events: Events,
    at_login: Callable[[Any], Callable[[dt.date], Where]],
) -> None:
    deals, news = events.deals, events.innovations
    customers: set[str] = set()
    closed = [deal for deal in deals if deal["stage"] != "open"]
    for deal in sorted(closed, key=lambda deal: (deal["closed_at"].date(), deal["deal_id"])):
        day, won = deal["closed_at"].date(), int(deal["stage"] == "won")
        where, begun = at_login(deal["owner"])(day), deal["created_at"].date()
        order = _in_euro(deal["amount"], deal["currency"], day) if won else Decimal(0)
        made.add("new_orders", where, day, won)
        made.add("revenue", where, day, order)
        made.add("win_rate", where, day, won, 1)
        made.add("average_order", where, day, order, won)
        if won and deal["unit_cost"] is not None:
            cost = _in_euro(deal["quantity"] * deal["unit_cost"], deal["currency"], day)
            made.add("order_margin", where, day, order - cost, order)
        made.add("sales_cycle", where, day, (day - begun).days * won, won)
        is_new = order if _is_new(news, "product", deal["product"], day) else 0
        made.add("new_product_share", where, day, is_new, order)
        made.add("orders_per_person", where, day, won)
        if _is_new(news, "markt", deal["market"], day):
            made.add("new_market_revenue", where, day, order)
        if won:
            made.count("active_customers", where, day, deal["account"])
            if where:
                made.count("orders_per_person", where, day, deal["owner"], below=True)
            if deal["account"] not in customers:
                made.add("new_customers", where, day, 1)
            customers.add(deal["account"])
    for deal in deals:
        begun = deal["created_at"].date()
        until = deal["closed_at"].date() if deal["stage"] != "open" else None
        value = _in_euro(deal["amount"], deal["currency"], begun)
        made.open_at_month_end("order_book", begun, until, at_login(deal["owner"]), value)


def _is_new(news: list[Record], kind: str, name: str, day: dt.date) -> bool:
    return any(
        new["kind"] == kind
        and new["name"] == name
        and (new["valid_from"] or dt.date.min) <= day <= (new["valid_to"] or NEVER)
        for new in news
    )


def _contacts(
    made: Adding,
    contacts: list[Record],
    at_login: Callable[[Any], Callable[[dt.date], Where]],
    end: dt.date,
) -> None:
    for contact in contacts:
        where = at_login(contact["owner"])
        if contact["mql_at"]:
            day = contact["mql_at"].date()
            made.add("mqls", where(day), day, 1)
            made.add("mql_conversion", where(day), day, 0, 1)
            made.add("cost_per_mql", where(day), day, 0, 1)
            if contact["campaign"]:
                project = CAMPAIGNS[contact["campaign"]]
                made.add_at("project_mqls", [project], day, 1)
                made.add("project_mqls", where(day), day, 1)
        if contact["customer_at"] and (day := contact["customer_at"].date()) <= end:
            made.add("mql_conversion", where(day), day, 1)


def _mailings(made: Adding, events: Events) -> None:
    for mail in events.mailings:
        day, team = mail["sent_at"].date(), SENDERS[mail["sender"]]
        for kpi, above, below in (
            ("delivery_rate", "delivered", "sent"),
            ("bounce_rate", "bounces", "sent"),
            ("open_rate", "unique_opens", "delivered"),
            ("click_through_rate", "unique_clicks", "delivered"),
            ("click_to_open_rate", "unique_clicks", "unique_opens"),
            ("unsubscribe_rate", "unsubscribes", "delivered"),
        ):
            made.add(kpi, team, day, mail[above], mail[below])
    _snapshots(made, events.list_sizes, "list_growth", "list_id", "subscribers", SENDERS)
    for row in events.list_sizes:
        if row["snapshot_date"] == month_end(row["snapshot_date"]):
            made.add("list_size", SENDERS[row["sender"]], row["snapshot_date"], row["subscribers"])


def _social(made: Adding, events: Events) -> None:
    for post in events.posts:
        day, team = post["published_at"].date(), PROFILES[post["network"], post["profile"]]
        made.add("social_reach", team, day, post["reach"])
        made.add("social_impressions", team, day, post["impressions"])
        made.add("social_click_rate", team, day, post["clicks"], post["impressions"])
        made.add("engagement_rate", team, day, post["engagements"], post["impressions"])
    profiles = {profile: team for (_, profile), team in PROFILES.items()}
    keyed = [{**row, "key": (row["network"], row["profile"])} for row in events.profile_days]
    _snapshots(made, keyed, "followers_growth", "key", "followers", profiles)
    for row in events.profile_days:
        if row["snapshot_date"] == month_end(row["snapshot_date"]):
            made.add("followers", profiles[row["profile"]], row["snapshot_date"], row["followers"])


def _ledger(made: Adding, events: Events) -> None:
    for entry in events.entries:
        day, team, amount = entry["entry_date"], COST_CENTRES[entry["cost_centre"]], entry["amount"]
        kind = entry["account_type"]
        revenue = amount if kind == "Omzet" else 0
        result = amount if kind in ("Omzet", "Subsidie") else -amount if kind in COSTS else 0
        made.add("return_pct", team, day, result, revenue)
        profit = revenue - amount if kind == "Kostprijs" else revenue
        made.add("gross_margin", team, day, profit, revenue)
        if kind == "Omzet":
            made.add("booked_revenue", team, day, amount)
        if kind in COSTS:
            made.add("booked_costs", team, day, amount)
        if kind != "Bank":
            made.add("operating_result", team, day, result)
        if kind == "Bank":
            made.add("cash_flow", team, day, amount)
        elif kind == "Subsidie":
            made.add("subsidies_won", team, day, amount)
        elif kind == "Marketingkosten":
            made.add("cost_per_mql", team, day, amount)
        if kind in COSTS and entry["project_code"]:
            project = CAMPAIGNS[entry["project_code"]]
            for month in made.months:
                if day <= month_end(month):
                    made.add_at("budget_spent", [project], month, amount)
    for budget in events.budgets:
        for month in made.months:
            made.add_at("budget_spent", [budget["project_id"]], month, 0, budget["amount"])


def _invoices(made: Adding, invoices: list[Record]) -> None:
    for invoice in invoices:
        team, sent = COST_CENTRES[invoice["cost_centre"]], invoice["invoice_date"]
        paid, due = invoice["paid_date"], invoice["due_date"]

        def where(_: dt.date, team: str = team) -> Where:
            return team

        made.open_at_month_end("days_sales_outstanding", sent, paid, where, 90 * invoice["amount"])
        made.open_at_month_end("overdue_share", sent, paid, where, 0, 1)
        late = due + dt.timedelta(days=1)
        made.open_at_month_end("overdue_share", late, paid, where, 1)
        forgotten = sent + dt.timedelta(days=90)
        made.open_at_month_end(
            "days_sales_outstanding", sent, forgotten, where, 0, invoice["amount"]
        )


def _projects(made: Adding, firm: Company, events: Events, end: dt.date) -> None:
    for row in events.visits:
        unit, campaign = PAGES[row["page"]]
        if campaign:
            day, project = row["visit_date"], CAMPAIGNS[campaign]
            made.add_at("project_visits", [project, *firm.above(unit, day)], day, row["visits"])
            units = [project, *firm.above(UNITS[project][1], day)]
            made.add_at("web_conversion_rate", units, day, 0, row["visits"])
    for row in events.conversions:
        if row["campaign"]:
            day, project = row["conversion_date"], CAMPAIGNS[row["campaign"]]
            units = [project, *firm.above(UNITS[project][1], day)]
            made.add_at("web_conversions", units, day, row["conversions"])
            made.add_at("web_conversion_rate", units, day, row["conversions"])
    for milestone in events.milestones:
        due, project = milestone["due_date"], milestone["project_id"]
        done = milestone["done_date"] if milestone["done_date"] <= end else NEVER
        units = [project, *firm.above(UNITS[project][1], due)]
        made.add_at("milestones_on_time", units, due, int(done <= due), 1)
    _launches(made, events, end)


def _launches(made: Adding, events: Events, end: dt.date) -> None:
    """Visits per day since the launch over those before it: crosswise, so that both are whole."""
    for milestone in events.milestones:
        if milestone["milestone"] != LAUNCH:
            continue
        done, project = milestone["done_date"], milestone["project_id"]
        launch = done if done <= end else milestone["due_date"]
        rows = [
            row
            for row in events.visits
            if (campaign := PAGES[row["page"]][1]) and CAMPAIGNS[campaign] == project
        ]
        for month in made.months:
            known = [row for row in rows if row["visit_date"] <= month_end(month)]
            before = [row["visits"] for row in known if row["visit_date"] < launch]
            after = [row["visits"] for row in known if row["visit_date"] >= launch]
            if before and after:
                above, below = sum(after) * len(before), sum(before) * len(after)
                made.add_at("launch_effect", [project], month, above, below)


def _snapshots(
    made: Adding, rows: Iterable[Any], kpi: str, key: str, count: str, teams: dict[str, str]
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
