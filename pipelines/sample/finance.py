"""The firm's bookkeeping, day by day: sales invoices, and journal lines for sales, costs,
subsidies and the bank. Amounts are Decimal, in euro."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipelines.sample import chance as luck
from pipelines.sample.company import CAMPAIGNS, COST_CENTRES
from pipelines.sample.days import busyness, days

Record = dict[str, Any]
Line = tuple[str, str, str, Decimal, str | None]
"""Account, kind, cost centre, amount, project code."""

SALES_CENTRES = ("K100", "K200", "K300")
MARKETING_CENTRES = ("K400", "K500", "K600")
TERM = 30
"""Days in which an invoice is to be paid."""


def invoices(start: dt.date, end: dt.date, size: int, seed: int) -> list[Record]:
    """Sales invoices in the order of their dates. `paid_date` may lie after the end, and is None of
    one in twenty-five, which is never paid."""
    found = []
    for day in days(start, end):
        chance = luck.of_day(seed, "invoices", day)
        for number in range(luck.count(chance, 2.6 * busyness(day, start) * size)):
            waits = chance.randrange(10, 70)
            found.append(
                {
                    "invoice_id": f"F{day:%y%m%d}{number:03d}",
                    "customer": f"Bedrijf {chance.randrange(1, 900)} B.V.",
                    "cost_centre": chance.choice(SALES_CENTRES),
                    "project_code": chance.choice(list(CAMPAIGNS))
                    if chance.random() < 0.2
                    else None,
                    "invoice_date": day,
                    "due_date": day + dt.timedelta(days=TERM),
                    "paid_date": None if chance.random() < 0.04 else day + dt.timedelta(days=waits),
                    "amount": luck.amount(chance, 7_500, 0.4),
                    "currency": "EUR",
                }
            )
    return found


def entries(start: dt.date, end: dt.date, sent: list[Record], size: int, seed: int) -> list[Record]:
    """Journal lines in the order of their dates; `sent` are the invoices, whose payments come in on
    the bank."""
    paid: defaultdict[dt.date, list[Record]] = defaultdict(list)
    for invoice in sent:
        if invoice["paid_date"]:
            paid[invoice["paid_date"]].append(invoice)
    found = []
    for day in days(start, end):
        lines = [
            *_sales(day, busyness(day, start), size, seed),
            *_fixed(day, size),
            *_marketing(day, size, seed),
            *(("1100", "Bank", i["cost_centre"], i["amount"], None) for i in paid[day]),
        ]
        for number, (account, kind, centre, amount, project) in enumerate(lines, 1):
            found.append(
                {
                    "entry_id": f"B{day:%y%m%d}{number:04d}",
                    "entry_date": day,
                    "account_code": account,
                    "account_type": kind,
                    "cost_centre": centre,
                    "project_code": project,
                    "amount": amount,
                    "currency": "EUR",
                }
            )
    return found


def _sales(day: dt.date, busy: float, size: int, seed: int) -> Iterator[Line]:
    chance = luck.of_day(seed, "entries", day)
    for _ in range(luck.count(chance, 8 * busy * size)):
        centre = chance.choice(list(COST_CENTRES))
        amount = luck.amount(chance, 3_400, 0.4)
        project = chance.choice(list(CAMPAIGNS)) if chance.random() < 0.2 else None
        yield "8000", "Omzet", centre, amount, project
        cost = (amount * Decimal("0.55")).quantize(luck.CENT)
        yield "7000", "Kostprijs", centre, cost, project
        if chance.random() < 0.02:  # a credit note
            yield "8000", "Omzet", centre, -(amount / 4).quantize(luck.CENT), project


def _fixed(day: dt.date, size: int) -> Iterator[Line]:
    if day.day == 25:
        for centre in COST_CENTRES:
            yield "4000", "Kosten", centre, Decimal(15_000 * size), None
            yield "1100", "Bank", centre, -Decimal(15_000 * size), None
    if day.day == 1:
        yield "4500", "Kosten", "K100", Decimal(24_000 * size), None
        yield "1100", "Bank", "K100", -Decimal(24_000 * size), None
    if day.day == 15 and day.month % 3 == 2:
        yield "8500", "Subsidie", "K600", Decimal(12_000 * size), None
        yield "1100", "Bank", "K600", Decimal(12_000 * size), None


def _marketing(day: dt.date, size: int, seed: int) -> Iterator[Line]:
    if day.weekday() != 0:
        return
    chance = luck.of_day(seed, "marketing_cost", day)
    for centre in MARKETING_CENTRES:
        project = chance.choice(list(CAMPAIGNS)) if chance.random() < 0.6 else None
        yield "4300", "Marketingkosten", centre, luck.amount(chance, 1_150 * size, 0.15), project
