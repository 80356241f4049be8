"""The sample company's records as any tool might hold them, from which each fake vendor makes its
own shapes. Moments are UTC."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.sample.company import company
from pipelines.sample.days import add_months
from pipelines.sample.events import UNKNOWN_OWNER, generate
from pipelines.sample.incidents import incidents

Row = dict[str, Any]
_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass
class Tables:
    """Rows by kind. Ids in a CRM are digits. A company's and a user's id is its place in the list,
    from 1; `deals` carry `company_id` and `owner_id`, `contacts` and `activities` carry `owner_id`.
    What the other tools hold has the fields of `pipelines.sample.events.Events`."""

    deals: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)
    companies: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)
    mailings: list[Row] = field(default_factory=list)
    list_sizes: list[Row] = field(default_factory=list)
    posts: list[Row] = field(default_factory=list)
    profile_days: list[Row] = field(default_factory=list)
    responses: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    invoices: list[Row] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)
    conversions: list[Row] = field(default_factory=list)


def iso(moment: dt.datetime | None) -> str | None:
    """A moment in UTC with milliseconds and a Z, as most vendors write it."""
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def sample_tables(
    end: dt.date,
    *,
    months: int = 18,
    size: int = 1,
    seed: int = 7,
    start: dt.date | None = None,
) -> Tables:
    """The sample company's CRM as it is at the end of a day. Of the same arguments as
    `pipelines.sample.write_sample` come the same records as in its files."""
    start = start or add_months(end.replace(day=1), 1 - months)
    firm = company(start, size)
    events = generate(firm, end, size, seed, incidents(start, end))
    logins = {login: firm.names[person] for person, login in firm.logins.items()}
    logins[UNKNOWN_OWNER] = "Oud Medewerker"
    user_ids = {login: str(number) for number, login in enumerate(logins, 1)}
    names = sorted({deal["account"] for deal in events.deals})
    company_ids = {name: str(number) for number, name in enumerate(names, 1)}
    return Tables(
        deals=[
            {
                **_utc(deal),
                "owner_id": user_ids[deal["owner"]],
                "company_id": company_ids[deal["account"]],
            }
            for deal in events.deals
        ],
        contacts=[_contact(_utc(each), user_ids, end) for each in events.contacts],
        activities=[
            {**_utc(each), "owner_id": user_ids[each["owner"]]} for each in events.activities
        ],
        companies=[{"company_id": company_ids[name], "name": name} for name in names],
        users=[
            {"user_id": user_ids[login], "email": login, "name": name}
            for login, name in logins.items()
        ],
        mailings=[_utc(each) for each in events.mailings],
        list_sizes=[_utc(each) for each in events.list_sizes],
        posts=[_utc(each) for each in events.posts],
        profile_days=[_utc(each) for each in events.profile_days],
        responses=[_utc(each) for each in events.responses],
        entries=[_utc(each) for each in events.entries],
        invoices=[_so_far(_utc(each), "paid_date", end) for each in events.invoices],
        visits=[_utc(each) for each in events.visits],
        conversions=[_utc(each) for each in events.conversions],
    )


def many_contacts(tables: Tables, number: int) -> Tables:
    """So many contacts, like those there are."""
    contacts = [
        {**tables.contacts[at % len(tables.contacts)], "contact_id": str(1_000_000 + at)}
        for at in range(number)
    ]
    return replace(tables, contacts=contacts)


def lately(tables: Tables, today: dt.date) -> Tables:
    """The web statistics of pages that each were visited once: most of them just before today, the
    others on the days before that. For a vendor that is asked for the last days only."""
    return replace(
        tables,
        visits=[
            {**row, "page": f"{row['page']} {at}", "visit_date": _back(today, at)}
            for at, row in enumerate(reversed(tables.visits))
        ],
        conversions=[
            {**row, "goal": f"{row['goal']} {at}", "conversion_date": _back(today, at)}
            for at, row in enumerate(reversed(tables.conversions))
        ],
    )


def _back(today: dt.date, number: int, most: int = 160) -> dt.date:
    """Two days ago for the first, so that yesterday's midnight plays no part."""
    return today - dt.timedelta(days=2 if number < most else 3 + number % 60)


def many_visits(tables: Tables, number: int) -> Tables:
    """So many visits, like those there are."""
    visits = [tables.visits[at % len(tables.visits)] for at in range(number)]
    return replace(tables, visits=visits)


def _so_far(row: Row, name: str, end: dt.date) -> Row:
    """As it is known at the end: what happens later has not happened."""
    return {**row, name: None} if row[name] and row[name] > end else row


def _contact(row: Row, user_ids: dict[str, str], end: dt.date) -> Row:
    """As it is at the end: what happens later has not happened."""
    at = row["customer_at"]
    if at is not None and at.astimezone(_ZONE).date() > end:
        at = None
    changed = row["updated_at"] if at is None else at
    return {**row, "customer_at": at, "updated_at": changed, "owner_id": user_ids[row["owner"]]}


def _utc(row: Row) -> Row:
    return {
        name: value.replace(tzinfo=_ZONE).astimezone(dt.UTC)
        if isinstance(value, dt.datetime)
        else value
        for name, value in row.items()
    }
