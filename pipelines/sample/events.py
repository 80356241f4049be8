"""What happened at the firm, day by day, as the tools would have recorded it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from pipelines.sample import chance as luck
from pipelines.sample.company import (
    CAMPAIGNS,
    CARE,
    LISTS,
    PROFILES,
    SALES,
    SENDERS,
    Company,
)
from pipelines.sample.days import busyness, days, holidays
from pipelines.sample.finance import entries, invoices
from pipelines.sample.incidents import Incident, effect
from pipelines.sample.people import goals, trainings
from pipelines.sample.projects import budgets, conversions, innovations, milestones, visits

Record = dict[str, Any]
MARKETS = ("Noord-Nederland", "Randstad", "Zuid-Nederland", "Vlaanderen", "Nordrhein-Westfalen")
UNIT_COSTS = {"Warmtepomp": 2_350, "Zonnepaneel": 118, "Laadpaal": 545}
"""In euro; nobody knows what an hour of maintenance costs."""
COST_RATES = {"EUR": Decimal("1"), "GBP": Decimal("0.86"), "USD": Decimal("1.08")}
UNKNOWN_OWNER = "oud-medewerker@noorderlicht.example"


@dataclass
class Events:
    """Records by kind, in the order of their days. Moments are local; amounts are Decimal. When a
    contact became a customer, or an invoice was paid, may lie after the end."""

    deals: list[Record] = field(default_factory=list)
    contacts: list[Record] = field(default_factory=list)
    activities: list[Record] = field(default_factory=list)
    mailings: list[Record] = field(default_factory=list)
    list_sizes: list[Record] = field(default_factory=list)
    posts: list[Record] = field(default_factory=list)
    profile_days: list[Record] = field(default_factory=list)
    responses: list[Record] = field(default_factory=list)
    entries: list[Record] = field(default_factory=list)
    invoices: list[Record] = field(default_factory=list)
    visits: list[Record] = field(default_factory=list)
    conversions: list[Record] = field(default_factory=list)
    trainings: list[Record] = field(default_factory=list)
    goals: list[Record] = field(default_factory=list)
    milestones: list[Record] = field(default_factory=list)
    budgets: list[Record] = field(default_factory=list)
    innovations: list[Record] = field(default_factory=list)


def generate(
    firm: Company, end: dt.date, size: int, seed: int, planted: dict[str, Incident]
) -> Events:
    """Everything from the start of the firm to its end date."""
    events = Events()
    sizes: dict[str, int] = {name: n * size for name, n in LISTS.items()}
    followers = {p: n * size for p, n in zip(PROFILES, (4200, 2600, 1900), strict=True)}
    for day in days(firm.start, end):
        busy = busyness(day, firm.start)
        events.deals += _deals(firm, day, end, busy, seed, planted)
        events.contacts += _contacts(firm, day, busy * size, seed, planted)
        events.activities += _activities(firm, day, end, busy, seed)
        events.mailings += _mailings(day, size, seed, planted)
        events.list_sizes += _list_sizes(day, sizes, seed, planted)
        events.posts += _posts(day, size, seed, planted)
        events.profile_days += _profile_days(day, followers, seed)
        events.responses += _responses(firm, day, busy * size, seed, planted)
    events.invoices = invoices(firm.start, end, size, seed)
    events.entries = entries(firm.start, end, events.invoices, size, seed)
    events.milestones = milestones(firm.start, seed)
    events.budgets = budgets(firm.start, size)
    events.innovations = innovations(firm.start)
    events.visits = visits(firm.start, end, events.milestones, size, seed)
    events.conversions = conversions(events.visits, seed)
    events.trainings, events.goals = trainings(firm, end, seed), goals(firm, seed)
    return events


def unit_cost(product: str, currency: str) -> Decimal | None:
    """What one of a product costs, in a currency; None where nobody knows."""
    euro = UNIT_COSTS.get(product)
    return None if euro is None else (euro * COST_RATES[currency]).quantize(luck.CENT)


def _quantity(chance: Random, amount: Decimal, cost: Decimal | None) -> int:
    """So many that they cost half to three quarters of what they were sold for."""
    share = Decimal(str(round(chance.uniform(0.5, 0.75), 4)))
    return 1 if cost is None else max(1, round(amount * share / cost))


def _at(chance: Random, day: dt.date) -> dt.datetime:
    minutes = chance.randrange(8 * 60, 18 * 60)
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minutes)


def _working_day(day: dt.date) -> dt.date:
    while day.weekday() > 4 or day in holidays(day.year):
        day += dt.timedelta(days=1)
    return day


def _deals(
    firm: Company,
    day: dt.date,
    end: dt.date,
    busy: float,
    seed: int,
    planted: dict[str, Incident],
) -> Iterator[Record]:
    chance, elsewhere = luck.of_day(seed, "deals", day), luck.of_day(seed, "markets", day)
    lines = luck.of_day(seed, "lines", day)
    number = 0
    for person in firm.members(SALES, day):
        for _ in range(luck.count(chance, 0.42 * busy)):
            number += 1
            created = _at(chance, day)
            closed = _working_day(day + dt.timedelta(days=chance.randrange(4, 60)))
            team = firm.team_of(person, closed)
            gone_wrong = {"team-zuid": "lost_deals", "team-noord": "quiet_north"}
            odds = 0.36 * effect(planted, gone_wrong.get(team or "", ""), closed)
            won = chance.random() < odds
            amount = luck.amount(chance, 11_000, 0.35)
            amount *= Decimal(str(effect(planted, "small_orders", closed) if won else 1.0))
            currency = chance.choices(("EUR", "GBP", "USD"), (92, 4, 4))[0]
            owner = UNKNOWN_OWNER if chance.random() < 0.004 else firm.logins[person]
            campaign = chance.choice(list(CAMPAIGNS)) if chance.random() < 0.3 else None
            account = f"Bedrijf {chance.randrange(1, 900)} B.V."
            product = chance.choice(("Warmtepomp", "Zonnepaneel", "Laadpaal", "Onderhoud"))
            cost = unit_cost(product, currency)
            closed_at = _at(chance, closed)
            is_closed = closed <= end
            yield {
                "deal_id": f"{day:%y%m%d}{number:03d}",
                "owner": owner,
                "account": account,
                "product": product,
                "quantity": _quantity(lines, amount, cost),
                "unit_cost": cost,
                "market": elsewhere.choices(MARKETS, (30, 40, 16, 9, 5))[0],
                "campaign": campaign,
                "stage": ("won" if won else "lost") if is_closed else "open",
                "amount": amount.quantize(luck.CENT),
                "currency": currency,
                "created_at": created,
                "closed_at": closed_at if is_closed else None,
                "updated_at": closed_at if is_closed else created,
            }


def _contacts(
    firm: Company, day: dt.date, busy: float, seed: int, planted: dict[str, Incident]
) -> Iterator[Record]:
    chance, later = luck.of_day(seed, "contacts", day), luck.of_day(seed, "customers", day)
    people = firm.members(("team-email", "team-social", "team-content"), day)
    for number in range(luck.count(chance, 13 * busy)):
        campaign = chance.choice(list(CAMPAIGNS)) if chance.random() < 0.7 else None
        is_mql = chance.random() < 0.42
        owner = firm.logins[chance.choice(people)]
        created = _at(chance, day)
        waits = dt.timedelta(days=later.randrange(10, 61))
        is_customer = later.random() < 0.18 and is_mql
        if campaign == "webshop-lancering" and not effect(planted, "campaign_off", day):
            continue
        yield {
            "contact_id": f"{day:%y%m%d}{number:03d}",
            "email": f"contact{day:%y%m%d}{number:03d}@klant.example",
            "owner": owner,
            "campaign": campaign,
            "lifecycle_stage": "marketingqualifiedlead" if is_mql else "lead",
            "created_at": created,
            "mql_at": created if is_mql else None,
            "customer_at": created + waits if is_customer else None,
            "updated_at": created,
        }


def _activities(
    firm: Company, day: dt.date, end: dt.date, busy: float, seed: int
) -> Iterator[Record]:
    chance = luck.of_day(seed, "activities", day)
    number = 0
    for person in firm.members((*SALES, *CARE), day):
        for _ in range(luck.count(chance, 2.2 * busy)):
            number += 1
            at = _at(chance, day)
            # Some are entered weeks later.
            late = chance.randrange(20, 60) if chance.random() < 0.01 else 0
            entered = at + dt.timedelta(days=late)
            kind = chance.choice(("Call", "Meeting", "Visit"))
            if entered.date() <= end:
                yield {
                    "activity_id": f"{day:%y%m%d}{number:04d}",
                    "activity_type": kind,
                    "owner": firm.logins[person],
                    "campaign": None,
                    "activity_at": at,
                    "updated_at": entered,
                }


def _mailings(day: dt.date, size: int, seed: int, planted: dict[str, Incident]) -> Iterator[Record]:
    if day.weekday() not in (1, 3) or day in holidays(day.year):
        return
    chance = luck.of_day(seed, "mailings", day)
    for number, sender in enumerate(SENDERS, 1):
        sent = round(LISTS[sender] * size * chance.uniform(0.85, 0.98))
        delivered = sent - luck.share(chance, sent, 0.012)
        broken = effect(planted, "broken_template", day) if sender != "Servicebericht" else 1.0
        opens = luck.share(chance, delivered, chance.uniform(0.27, 0.33) * broken)
        clicks = luck.share(chance, opens, chance.uniform(0.10, 0.14))
        yield {
            "mailing_id": f"M{day:%y%m%d}{number}",
            "sender": sender,
            "list_id": sender,
            "campaign": chance.choice(list(CAMPAIGNS)) if chance.random() < 0.4 else None,
            "sent_at": _at(chance, day),
            "sent": sent,
            "delivered": delivered,
            "unique_opens": opens,
            "total_opens": round(opens * 1.4),
            "unique_clicks": clicks,
            "total_clicks": round(clicks * 1.2),
            "bounces": sent - delivered,
            "unsubscribes": luck.share(chance, delivered, 0.0012),
        }


def _list_sizes(
    day: dt.date, sizes: dict[str, int], seed: int, planted: dict[str, Incident]
) -> Iterator[Record]:
    chance = luck.of_day(seed, "list_sizes", day)
    for name in sizes:
        sizes[name] += luck.count(chance, sizes[name] * 0.0012)
        sizes[name] -= luck.count(chance, sizes[name] * 0.0007)
        if name == "Nieuwsbrief":
            sizes[name] = round(sizes[name] * effect(planted, "list_purge", day))
        yield {"list_id": name, "sender": name, "snapshot_date": day, "subscribers": sizes[name]}


def _posts(day: dt.date, size: int, seed: int, planted: dict[str, Incident]) -> Iterator[Record]:
    if day.weekday() > 4:
        return
    chance = luck.of_day(seed, "posts", day)
    for number, ((network, profile), team) in enumerate(PROFILES.items()):
        for again in range(luck.count(chance, 0.9)):
            lost = effect(planted, "reach_lost", day) if team == "team-social" else 1.0
            reach = round(chance.uniform(900, 2100) * size * lost)
            impressions = round(reach * chance.uniform(1.3, 1.7))
            yield {
                "network": network,
                "profile": profile,
                "post_id": f"{day:%y%m%d}{number}{again}",
                "campaign": chance.choice(list(CAMPAIGNS)) if chance.random() < 0.4 else None,
                "published_at": _at(chance, day),
                "impressions": impressions,
                "reach": reach,
                "engagements": luck.share(chance, impressions, 0.045),
                "clicks": luck.share(chance, impressions, chance.uniform(0.010, 0.016)),
            }


def _profile_days(
    day: dt.date, followers: dict[tuple[str, str], int], seed: int
) -> Iterator[Record]:
    chance = luck.of_day(seed, "profile_days", day)
    for network, profile in followers:
        followers[network, profile] += luck.count(chance, 4.0) - luck.count(chance, 1.0)
        yield {
            "network": network,
            "profile": profile,
            "snapshot_date": day,
            "followers": followers[network, profile],
        }


def _responses(
    firm: Company, day: dt.date, busy: float, seed: int, planted: dict[str, Incident]
) -> Iterator[Record]:
    chance, before = luck.of_day(seed, "responses", day), luck.of_day(seed, "invitations", day)
    people = firm.members((*SALES, *CARE), day)
    for number in range(luck.count(chance, 14 * busy)):
        happy = 0.46 * effect(planted, "bad_service", day)
        drawn = chance.random()
        if drawn < happy:
            score: int | None = chance.choice((9, 9, 10))
        elif drawn < happy + 0.34:
            score = chance.choice((7, 8))
        else:
            score = chance.choice((3, 4, 5, 6, 6))
        answer: Record = {
            "response_id": f"R{day:%y%m%d}{number:03d}",
            "respondent": f"klant{chance.randrange(1, 4000)}@klant.example",
            "survey_type": "NPS",
            "survey": "Klanttevredenheid",
            "owner": firm.names[chance.choice(people)],
            "campaign": None,
            "score": None if chance.random() < 0.02 else score,
            "responded_at": _at(chance, day),
        }
        yield {**answer, "invited_at": answer["responded_at"] - _days(before)}
    for number in range(luck.count(before, 11 * busy)):  # that nobody answered
        yield {
            "response_id": f"U{day:%y%m%d}{number:03d}",
            "respondent": f"klant{before.randrange(1, 4000)}@klant.example",
            "survey_type": "NPS",
            "survey": "Klanttevredenheid",
            "owner": firm.names[before.choice(people)],
            "campaign": None,
            "score": None,
            "responded_at": None,
            "invited_at": _at(before, day),
        }


def _days(chance: Random) -> dt.timedelta:
    return dt.timedelta(days=chance.randrange(0, 7))
