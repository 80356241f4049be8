"""Writes the export files as the tools would: HubSpot and the survey tool in English, Spotler, the
ledger and the organisation's spreadsheets in Dutch, SocialPilot as a workbook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from pipelines.sample.events import Record

Columns = dict[str, str]
"""Heading by field."""

DEALS: Columns = {
    "deal_id": "Record ID - Deal",
    "owner": "Deal owner",
    "account": "Associated Company",
    "product": "Product",
    "market": "Market",
    "campaign": "Campaign",
    "stage": "Deal Stage",
    "amount": "Amount",
    "currency": "Currency",
    "created_at": "Create Date",
    "closed_at": "Close Date",
    "updated_at": "Last Modified Date",
}
LINE_ITEMS: Columns = {
    "deal_id": "Record ID - Line item",
    "of_deal": "Associated Deal ID",
    "product": "Name",
    "quantity": "Quantity",
    "amount": "Net price",
    "unit_cost": "Unit cost",
    "currency": "Currency",
    "updated_at": "Last Modified Date",
}
CONTACTS: Columns = {
    "contact_id": "Record ID - Contact",
    "email": "Email",
    "owner": "Contact owner",
    "campaign": "Original campaign",
    "lifecycle_stage": "Lifecycle Stage",
    "created_at": "Create Date",
    "mql_at": "Became a Marketing Qualified Lead Date",
    "customer_at": "Became a Customer Date",
    "updated_at": "Last Modified Date",
}
ACTIVITIES: Columns = {
    "activity_id": "Record ID - Activity",
    "activity_type": "Activity type",
    "owner": "Activity assigned to",
    "campaign": "Campaign",
    "activity_at": "Activity date",
    "updated_at": "Last Modified Date",
}
MAILINGS: Columns = {
    "mailing_id": "Mailing-ID",
    "sender": "Afzender",
    "list_id": "Lijst",
    "campaign": "Campagne",
    "sent_at": "Verzonden op",
    "sent": "Verzonden",
    "delivered": "Afgeleverd",
    "unique_opens": "Unieke opens",
    "total_opens": "Totaal opens",
    "unique_clicks": "Unieke kliks",
    "total_clicks": "Totaal kliks",
    "bounces": "Bounces",
    "unsubscribes": "Afmeldingen",
}
LIST_SIZES: Columns = {
    "list_id": "Lijst",
    "sender": "Afzender",
    "snapshot_date": "Datum",
    "subscribers": "Aantal abonnees",
}
POSTS: Columns = {
    "network": "Netwerk",
    "profile": "Profiel",
    "post_id": "Bericht-ID",
    "campaign": "Campagne",
    "published_at": "Gepubliceerd op",
    "impressions": "Weergaven",
    "reach": "Bereik",
    "engagements": "Betrokkenheid",
    "clicks": "Kliks",
}
PROFILE_DAYS: Columns = {
    "network": "Netwerk",
    "profile": "Profiel",
    "snapshot_date": "Datum",
    "followers": "Volgers",
}
RESPONSES: Columns = {
    "response_id": "Response ID",
    "respondent": "Email",
    "survey_type": "Survey type",
    "survey": "Survey",
    "owner": "Owner",
    "campaign": "Campaign",
    "score": "Score",
    "invited_at": "Invited at",
    "responded_at": "Submitted at",
}
ENTRIES: Columns = {
    "entry_id": "Boekstuk",
    "entry_date": "Boekdatum",
    "account_code": "Grootboekrekening",
    "account_type": "Soort",
    "cost_centre": "Kostenplaats",
    "project_code": "Project",
    "amount": "Bedrag",
    "currency": "Valuta",
}
INVOICES: Columns = {
    "invoice_id": "Factuurnummer",
    "customer": "Debiteur",
    "cost_centre": "Kostenplaats",
    "project_code": "Projectcode",
    "invoice_date": "Factuurdatum",
    "due_date": "Vervaldatum",
    "paid_date": "Betaald op",
    "amount": "Bedrag",
    "currency": "Valuta",
}
VISITS: Columns = {
    "page": "Page",
    "campaign": "Campaign",
    "visit_date": "Date",
    "visits": "Sessions",
    "visitors": "Users",
}
CONVERSIONS: Columns = {
    "goal": "Goal",
    "campaign": "Campaign",
    "conversion_date": "Date",
    "conversions": "Conversions",
}
TRAININGS: Columns = {
    "training_id": "Training-ID",
    "employee": "Personeelsnummer",
    "training_date": "Datum",
    "course": "Cursus",
    "hours": "Uren",
}
GOALS: Columns = {
    "goal_id": "Doel-ID",
    "employee": "Personeelsnummer",
    "goal": "Doel",
    "due_date": "Uiterlijk",
    "reached_date": "Bereikt op",
}


def iso(value: object) -> str:
    """A cell of an English export: dot, `yyyy-mm-dd HH:MM`."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def dutch(value: object) -> str:
    """A cell of a Dutch export: `1.234,56`, `dd-mm-yyyy`."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,}".translate(str.maketrans(",.", ".,"))
    if isinstance(value, dt.datetime):
        return f"{value:%d-%m-%Y %H:%M}"
    return f"{value:%d-%m-%Y}" if isinstance(value, dt.date) else str(value)


def write_csv(
    file: Path,
    columns: Columns,
    records: Iterable[Record],
    *,
    cell: Callable[[object], str],
    delimiter: str,
    encoding: str,
) -> None:
    """A CSV file with headings."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(columns.values())
    writer.writerows([cell(record.get(field)) for field in columns] for record in records)
    file.write_bytes(text.getvalue().encode(encoding))


def write_json(file: Path, columns: Columns, records: Iterable[Record]) -> None:
    """A JSON array of objects; moments in UTC would need the zone, so they are local text."""
    content = [
        {
            heading: iso(value) if isinstance(value := record[field], dt.date) else value
            for field, heading in columns.items()
        }
        for record in records
    ]
    file.write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")


def write_xlsx(file: Path, columns: Columns, records: Iterable[Record]) -> None:
    """A workbook of one sheet with dates as dates. The same content gives the same bytes."""
    import openpyxl  # takes a while, and few who import this write a workbook

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    sheet.append(list(columns.values()))
    for record in records:
        sheet.append([record[field] for field in columns])
    made = io.BytesIO()
    book.save(made)
    _without_clock(made, file)


def _without_clock(made: io.BytesIO, file: Path) -> None:
    """openpyxl writes the moment of saving in three places; a sample must not depend on it."""
    moment = b"2000-01-01T00:00:00Z"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                for tag in (b"created", b"modified"):
                    start = content.index(b">", content.index(b"<dcterms:" + tag)) + 1
                    content = content[:start] + moment + content[content.index(b"<", start) :]
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content)


def stamp(file: Path, day: dt.date) -> None:
    """Give a file the evening it was exported on: files are read in the order of their times."""
    at = dt.datetime.combine(day, dt.time(20), dt.UTC).timestamp()
    os.utime(file, (at, at))


def quarter_of(day: dt.date) -> str:
    """`2026-kw3`."""
    return f"{day.year}-kw{(day.month - 1) // 3 + 1}"


def by_quarter(
    records: Sequence[Record], field: str, end: dt.date
) -> list[tuple[str, dt.date, list[Record]]]:
    """The records of each quarter by a date or moment, with its last day or the end."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(quarter_of(record[field]), []).append(record)
    parts = []
    for name, part in sorted(found.items()):
        day = max(r[field].date() if isinstance(r[field], dt.datetime) else r[field] for r in part)
        parts.append((name, min(day, end), part))
    return parts
