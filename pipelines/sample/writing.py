"""Puts the sample company into an inbox, with a few rows as wrong as they are in life."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.sample import files
from pipelines.sample.company import (
    CAMPAIGNS,
    COST_CENTRES,
    PROFILES,
    ROOT,
    SENDERS,
    UNITS,
    Company,
    company,
    rate,
)
from pipelines.sample.days import add_months, holidays, month_end
from pipelines.sample.events import UNKNOWN_OWNER, Events, Record, generate
from pipelines.sample.figures import figures
from pipelines.sample.incidents import incidents
from pipelines.sample.people import number_of
from pipelines.sample.projects import PAGES
from pipelines.sample.targets import profiles, shares, targets
from pipelines.settings import Home

ORGANISATION: dict[str, files.Columns] = {
    "org_units": {
        "org_unit_id": "Eenheid",
        "layer": "Laag",
        "parent_id": "Valt onder",
        "name": "Naam",
        "owner": "Eigenaar",
    },
    "people": {"person_id": "Medewerker", "name": "Naam"},
    "memberships": {"person_id": "Medewerker", "org_unit_id": "Team", "share": "Aandeel"},
    "source_users": {
        "source": "Bron",
        "source_user": "Gebruiker in bron",
        "person_id": "Medewerker",
        "org_unit_id": "Eenheid",
    },
    "project_rules": {"source": "Bron", "rule_value": "Waarde", "project_id": "Project"},
    "exchange_rates": {"currency": "Valuta", "rate": "Koers"},
    "known_events": {"event": "Gebeurtenis", "kind": "Soort", "org_unit_id": "Eenheid"},
    "kpi_targets": {
        "kpi": "KPI",
        "org_unit_id": "Eenheid",
        "grain": "Periode",
        "target": "Doel",
        "tolerance_lower": "Marge omlaag",
        "tolerance_upper": "Marge omhoog",
        "tolerance_type": "Soort marge",
        "target_type": "Soort doel",
        "profile": "Profiel",
    },
    "target_profiles": {"profile": "Profiel", "month": "Maand", "weight": "Gewicht"},
    "target_shares": {
        "kpi": "KPI",
        "parent_id": "Van eenheid",
        "child_id": "Naar eenheid",
        "weight": "Gewicht",
    },
    "innovations": {"kind": "Soort", "name": "Naam"},
    "milestones": {
        "project_id": "Project",
        "milestone": "Mijlpaal",
        "due_date": "Uiterlijk",
        "done_date": "Gereed op",
    },
    "project_budgets": {"project_id": "Project", "amount": "Budget"},
}
WITHOUT_PERIOD = ("milestones", "target_profiles")
VALID: files.Columns = {"valid_from": "Geldig vanaf", "valid_to": "Geldig tot en met"}


DUTCH: Any = {"cell": files.dutch, "delimiter": ";", "encoding": "utf-8"}


class SampleError(RuntimeError):
    """The sample company cannot be put here; the text says why."""


def has_input(home: Home) -> bool:
    """Whether there is anything of anybody's own: a file in an inbox, or a load."""
    inbox = any(path.is_file() for path in home.inbox.rglob("*")) if home.inbox.exists() else False
    return inbox or next(home.landing.glob("*/*/load=*"), None) is not None


def write_sample(
    home: Home,
    *,
    end_date: dt.date,
    months: int = 18,
    size: int = 1,
    seed: int = 7,
    start: dt.date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the export files of the firm, and the truth about them; returns the truth.

    end_date: the last day there is. start: the first one (default: the first of the month so many
    `months` before). size: how many times as large as 41 people. The same arguments give the same
    bytes. Raises SampleError where the home has input already.
    """
    if has_input(home):
        raise SampleError(
            f"{home.root} has input of its own; the sample company needs an empty one"
        )
    start = start or add_months(end_date.replace(day=1), 1 - months)
    progress(f"sample company: {months} months of exports until {end_date}")
    firm, planted = company(start, size), incidents(start, end_date)
    events = generate(firm, end_date, size, seed, planted)
    known = figures(firm, events, end_date)
    written = _Writing(home.inbox)
    _tools(written, events, end_date)
    _organisation(written, firm, events, targets(known, start, end_date), end_date)
    truth = {
        "start": start.isoformat(),
        "end_date": end_date.isoformat(),
        "size": size,
        "seed": seed,
        "incidents": [
            {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in asdict(i).items()}
            for i in planted.values()
        ],
        "streams": written.counts(),
        "unknown_owner": sum(deal["owner"] == UNKNOWN_OWNER for deal in events.deals),
        "figures": [
            {
                "kpi": kpi,
                "org_unit_id": unit,
                "month": month.isoformat(),
                "numerator": str(numerator),
                "denominator": str(denominator),
            }
            for (kpi, unit, month), (numerator, denominator) in sorted(known.items())
        ],
    }
    target = home.state / "sample" / "truth.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(truth, indent=1, ensure_ascii=False), encoding="utf-8")
    return truth


class _Writing:
    """Writes files and counts their rows: read, of which rejected and duplicate."""

    def __init__(self, inbox: Path) -> None:
        self.inbox = inbox
        self.read: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.duplicate: Counter[str] = Counter()

    def to(self, connector: str, stream: str, name: str, rows: int) -> Path:
        self.read[f"{connector}.{stream}"] += rows
        folder = self.inbox / connector
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            stream: {
                "read": self.read[stream],
                "rejected": self.rejected[stream],
                "duplicate": self.duplicate[stream],
            }
            for stream in sorted(self.read)
        }


def _tools(to: _Writing, events: Events, end: dt.date) -> None:
    _hubspot(to, events, end)
    spotler = {"cell": files.dutch, "delimiter": ";", "encoding": "cp1252"}
    for stream, columns, records, field in (
        ("mailings", files.MAILINGS, events.mailings, "sent_at"),
        ("list_sizes", files.LIST_SIZES, events.list_sizes, "snapshot_date"),
    ):
        for name, day, part in files.by_quarter(records, field, end):
            file = to.to("spotler", stream, f"{stream}-{name}.csv", len(part))
            files.write_csv(file, columns, part, **spotler)  # type: ignore[arg-type]
            files.stamp(file, day)
    for stream, columns, records, field in (
        ("posts", files.POSTS, events.posts, "published_at"),
        ("profile_days", files.PROFILE_DAYS, events.profile_days, "snapshot_date"),
    ):
        for name, day, part in files.by_quarter(records, field, end):
            file = to.to("socialpilot", stream, f"{stream}-{name}.xlsx", len(part))
            files.write_xlsx(file, columns, part)
            files.stamp(file, day)
    sent = [{**r, "sent": r["responded_at"] or r["invited_at"]} for r in events.responses]
    for name, day, part in files.by_quarter(sent, "sent", end):
        file = to.to("surveys", "responses", f"nps-{name}.json", len(part))
        files.write_json(file, files.RESPONSES, part)
        files.stamp(file, day)
    for name, day, part in files.by_quarter(events.entries, "entry_date", end):
        rows = [*part, part[0]]  # a line that was exported twice
        to.duplicate["ledger.entries"] += 1
        file = to.to("ledger", "entries", f"grootboek-{name}.csv", len(rows))
        files.write_csv(file, files.ENTRIES, rows, **DUTCH)
        files.stamp(file, day)
    _invoices(to, events, end)
    for stream, records, field, columns, prefix in (
        ("visits", events.visits, "visit_date", files.VISITS, "bezoeken"),
        ("conversions", events.conversions, "conversion_date", files.CONVERSIONS, "doelen"),
    ):
        for name, day, part in files.by_quarter(records, field, end):
            file = to.to("web", stream, f"{prefix}-{name}.csv", len(part))
            files.write_csv(file, columns, part, cell=files.iso, delimiter=",", encoding="utf-8")
            files.stamp(file, day)
    for name, day, part in files.by_quarter(events.trainings, "training_date", end):
        file = to.to("hr", "trainings", f"trainingen-{name}.csv", len(part))
        files.write_csv(file, files.TRAININGS, part, **DUTCH)
        files.stamp(file, day)
    goals = [_so_far(goal, "reached_date", end) for goal in events.goals]
    file = to.to("hr", "goals", "ontwikkeldoelen.csv", len(goals))
    files.write_csv(file, files.GOALS, goals, **DUTCH)
    files.stamp(file, end)


def _invoices(to: _Writing, events: Events, end: dt.date) -> None:
    """As they were at the end of each quarter in which they were sent or paid."""
    sent = [{**i, "paid_date": None, "at": i["invoice_date"]} for i in events.invoices]
    paid = [
        {**i, "at": i["paid_date"]}
        for i in events.invoices
        if i["paid_date"] and i["paid_date"] <= end
    ]
    versions = sorted([*sent, *paid], key=lambda invoice: invoice["at"])
    for name, day, part in files.by_quarter(versions, "at", end):
        rows = list({invoice["invoice_id"]: invoice for invoice in part}.values())
        file = to.to("ledger", "invoices", f"facturen-{name}.csv", len(rows))
        files.write_csv(file, files.INVOICES, rows, **DUTCH)
        files.stamp(file, day)


def _so_far(record: Record, field: str, end: dt.date) -> Record:
    """A record as it is known at the end: what happens later has not happened."""
    return {**record, field: None} if record[field] and record[field] > end else record


def _hubspot(to: _Writing, events: Events, end: dt.date) -> None:
    hubspot = {"cell": files.iso, "delimiter": ",", "encoding": "utf-8-sig"}
    opened = [
        {**deal, "stage": "open", "closed_at": None, "updated_at": deal["created_at"]}
        for deal in events.deals
    ]
    closed = [deal for deal in events.deals if deal["stage"] != "open"]
    # An export holds what was changed in a quarter, as it was at the quarter's end.
    versions: list[Any] = sorted([*opened, *closed], key=lambda deal: deal["updated_at"])
    for name, day, part in files.by_quarter(versions, "updated_at", end):
        latest = {deal["deal_id"]: deal for deal in part}
        rows = [*latest.values(), *_wrong_deals(name, part[-1])]
        to.rejected["hubspot.deals"] += 2
        file = to.to("hubspot", "deals", f"deals-{name}.csv", len(rows))
        files.write_csv(file, files.DEALS, rows, **hubspot)  # type: ignore[arg-type]
        files.stamp(file, day)
    lines: list[Any] = [
        {**deal, "of_deal": deal["deal_id"], "updated_at": deal["created_at"]}
        for deal in events.deals
    ]
    contacts: list[Any] = [{**contact, "customer_at": None} for contact in events.contacts]
    contacts += [
        {**contact, "updated_at": at}
        for contact in events.contacts
        if (at := contact["customer_at"]) and at.date() <= end
    ]
    for stream, columns, records in (
        ("contacts", files.CONTACTS, contacts),
        ("activities", files.ACTIVITIES, events.activities),
        ("line_items", files.LINE_ITEMS, lines),
    ):
        for name, day, part in files.by_quarter(
            sorted(records, key=lambda record: record["updated_at"]),
            "updated_at",
            end,
        ):
            key = next(iter(columns))
            latest = {record[key]: record for record in part}
            file = to.to("hubspot", stream, f"{stream}-{name}.csv", len(latest))
            files.write_csv(file, columns, latest.values(), **hubspot)  # type: ignore[arg-type]
            files.stamp(file, day)


def _wrong_deals(name: str, like: Record) -> list[Record]:
    """Typed by hand: an amount that is none, and a day that is none."""
    return [
        {**like, "deal_id": f"X{name}-1", "amount": "n.v.t."},
        {**like, "deal_id": f"X{name}-2", "created_at": "31-02-2026"},
    ]


def _organisation(
    to: _Writing,
    firm: Company,
    events: Events,
    agreed: list[dict[str, Any]],
    end: dt.date,
) -> None:
    before = firm.moved_on - dt.timedelta(days=1)
    units: list[Record] = []
    for unit, (layer, parent, name, owner) in UNITS.items():
        row = {"org_unit_id": unit, "layer": layer, "parent_id": parent, "name": name}
        row["owner"] = owner
        if unit == "team-installatie":
            units.append({**row, "valid_to": before})
            units.append({**row, "parent_id": "verkoop", "valid_from": firm.moved_on})
        elif unit == "service":
            units.append({**row, "valid_to": before})
            units.append({**row, "name": "Klantenservice", "valid_from": firm.moved_on})
        else:
            units.append(row)
    users = [
        {"source": "*", "source_user": login, "person_id": person}
        for person, login in firm.logins.items()
    ]
    users += [
        {"source": "hr", "source_user": number_of(person), "person_id": person}
        for person in firm.names
    ]
    for owners in (
        SENDERS,
        {profile: team for (_, profile), team in PROFILES.items()},
        COST_CENTRES,
        {page: unit for page, (unit, _) in PAGES.items()},
    ):
        users += [
            {"source": "*", "source_user": user, "org_unit_id": unit}
            for user, unit in owners.items()
        ]
    rates, month = [], firm.start.replace(day=1)
    while month <= add_months(end, 1):
        for currency in ("GBP", "USD"):
            value = rate(currency, month)
            rates.append(_valid({"currency": currency, "rate": value}, month, month_end(month)))
        month = add_months(month, 1)
    known_events = [
        _valid({"event": name, "kind": "holiday", "org_unit_id": ROOT}, day, day)
        for year in range(firm.start.year, end.year + 1)
        for day, name in holidays(year).items()
    ]
    sheets: dict[str, list[Record]] = {
        "org_units": units,
        "people": [{"person_id": p, "name": n} for p, n in firm.names.items()],
        "memberships": [
            _valid(
                {"person_id": s.person, "org_unit_id": s.team, "share": s.percent}, s.first, s.last
            )
            for s in firm.stays
        ],
        "source_users": users,
        "project_rules": [
            {"source": "*", "rule_value": campaign, "project_id": project}
            for campaign, project in CAMPAIGNS.items()
        ],
        "exchange_rates": rates,
        "known_events": known_events,
        "kpi_targets": agreed,
        "target_profiles": profiles(),
        "target_shares": shares(firm),
        "innovations": events.innovations,
        "milestones": [_so_far(m, "done_date", end) for m in events.milestones],
        "project_budgets": events.budgets,
    }
    for stream, records in sheets.items():
        file = to.to("organisation", stream, f"{stream}.csv", len(records))
        files.write_csv(
            file,
            {**ORGANISATION[stream], **({} if stream in WITHOUT_PERIOD else VALID)},
            records,
            cell=_sheet_cell,
            delimiter=";",
            encoding="utf-8-sig",
        )
        files.stamp(file, end)


def _valid(record: Record, first: dt.date | None, last: dt.date | None) -> Record:
    return {**record, "valid_from": first, "valid_to": last}


def _sheet_cell(value: object) -> str:
    return files.dutch(value.normalize() + 0 if isinstance(value, Decimal) else value)
