"""A fake Salesforce: OAuth with client credentials, descriptions of objects, SOQL over REST, bulk
query jobs.

It understands the queries that `connectors/salesforce.py` writes, no others. Ids are of 18
characters; errors are lists of codes; the budget that is used up is a 403; a bulk page repeats its
headings on the first page only. A field that is hidden is in no description, and a query for it is
refused as one for a field that does not exist.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Tables, iso, many_contacts
from pipelines.sandbox.vendors import Vendor

CLIENT_ID, CLIENT_SECRET = "sandbox-consumer-key", "sandbox-consumer-secret-77"
PAGE = 500
_SOQL = re.compile(
    r"SELECT (?P<columns>.+?) FROM (?P<kind>\w+)"
    r"(?: WHERE SystemModstamp >= (?P<since>\S+) AND SystemModstamp < (?P<until>\S+))?"
    r" ORDER BY SystemModstamp, Id"
)
_PREFIX = {
    "Opportunity": "006",
    "Lead": "00Q",
    "Contact": "003",
    "Task": "00T",
    "Event": "00U",
    "Account": "001",
    "OpportunityLineItem": "00k",
    "User": "005",
}
_STREAMS = {
    "opportunities": ("Opportunity",),
    "leads": ("Lead", "Contact"),
    "activities": ("Task", "Event"),
    "accounts": ("Account",),
    "line_items": ("OpportunityLineItem",),
    "users": ("User",),
}
_SYSTEM = ("Id", "SystemModstamp", "IsDeleted")
_FIELDS = {
    "Opportunity": (
        "Name OwnerId AccountId Type Market__c StageName IsClosed IsWon Amount CurrencyIsoCode "
        "CreatedDate CloseDate CampaignId"
    ),
    "Lead": (
        "Email OwnerId LeadSource Status CreatedDate MQL_Date__c ConvertedDate ConvertedContactId"
    ),
    "Contact": "Email OwnerId LeadSource CreatedDate MQL_Date__c Customer_Since__c",
    "Task": "OwnerId ActivityDate TaskSubtype",
    "Event": "OwnerId ActivityDate",
    "Account": "Name BillingCountry",
    "OpportunityLineItem": (
        "OpportunityId Product2Id Quantity TotalPrice CurrencyIsoCode UnitCost__c"
    ),
    "User": "Name Email IsActive",
    "Campaign": "Name",
    "Product2": "Name",
}
_RELATIONS = {"CampaignId": "Campaign", "Product2Id": "Product2"}
Record = dict[str, Any]


class Salesforce:
    """One org. `hidden`: the fields (`Lead.Email`) that the credentials may not see."""

    def __init__(self, tables: Tables, organisation: str = "00D000000000001EAA") -> None:
        self.organisation = organisation
        self.hidden: set[str] = set()
        self._token = ""
        self._given = 0
        self._cursors: dict[str, tuple[list[str], list[Record], int]] = {}
        self._jobs: dict[str, tuple[list[str], list[Record]]] = {}
        self._last: Reply | None = None
        self._objects: dict[str, dict[str, Record]] = {kind: {} for kind in _PREFIX}
        for row in tables.users:
            self._put("User", row["user_id"], "2020-01-01T09:00:00.000Z", _user(row))
        for row in tables.companies:
            self._put("Account", row["company_id"], "2020-01-01T09:00:00.000Z", _account(row))
        for row in tables.deals:
            changed = iso(row["updated_at"])
            self._put("Opportunity", row["deal_id"], changed, _opportunity(row))
            self._put("OpportunityLineItem", row["deal_id"], changed, _line_item(row))
        for row in tables.contacts:
            self._put("Lead", row["contact_id"], iso(row["updated_at"]), _lead(row))
            if row["customer_at"] is not None:  # then it was converted
                changed = iso(row["customer_at"])
                self._put("Contact", row["contact_id"], changed, _contact(row))
        for row in tables.activities:
            kind = "Event" if row["activity_type"] == "Meeting" else "Task"
            self._put(kind, row["activity_id"], iso(row["updated_at"]), _activity(row))

    def _put(self, kind: str, number: str, changed: str | None, fields: Record) -> None:
        key = identity(kind, number)
        stamped = {"Id": key, **fields, "SystemModstamp": changed, "IsDeleted": False}
        self._objects[kind][key] = stamped

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        found = {}
        for stream, kinds in _STREAMS.items():
            records = [each for kind in kinds for each in self._objects[kind].values()]
            gone = sum(each["IsDeleted"] for each in records)
            found[stream] = (len(records) - gone, gone)
        return found

    def change(self, stream: str, records: int) -> None:
        for each in list(self._objects[_STREAMS[stream][0]].values())[-records:]:
            each["SystemModstamp"] = iso(dt.datetime.now(dt.UTC))

    def remove(self, stream: str, records: int) -> None:
        kind = _STREAMS[stream][0]
        alive = [each for each in self._objects[kind].values() if not each["IsDeleted"]]
        for each in alive[:records]:
            each |= {"IsDeleted": True, "SystemModstamp": iso(dt.datetime.now(dt.UTC))}

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if call.path == "/services/oauth2/token":
            return self._hand_out(call)
        if fault is not None and fault.kind == "expired_token":
            self._token = ""
        if not self._token or call.headers.get("authorization") != f"Bearer {self._token}":
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if call.path == "/services/oauth2/userinfo":
            return Reply({"organization_id": self.organisation})
        if fault is not None and fault.kind == "expired_page":
            self._cursors.clear()
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        version, _, path = call.path.removeprefix("/services/data/").partition("/")
        reply = self._answer(version, path, call)
        if fault is not None and fault.kind == "foreign_link" and isinstance(reply.body, dict):
            reply.body["nextRecordsUrl"] = fault.link
            reply.body["done"] = False
        if fault is not None and fault.kind == "shift":
            self.remove("opportunities", 1)
            self.change("opportunities", 1)
        self._last = reply
        return reply

    def _hand_out(self, call: Call) -> Reply:
        form = call.form()
        if form.get("client_secret") != CLIENT_SECRET or form.get("client_id") != CLIENT_ID:
            content = {"error": "invalid_client", "error_description": "invalid credentials"}
            return Reply(content, 400)
        self._given += 1
        self._token = f"00Dsandbox!access-token-{self._given}"
        return Reply(
            {"access_token": self._token, "instance_url": call.base_url, "token_type": "Bearer"}
        )

    def _answer(self, version: str, path: str, call: Call) -> Reply:
        if path in ("query", "queryAll"):
            soql = call.params.get("q", "")
            if soql.startswith("SELECT COUNT()"):
                kind = soql.rsplit(" ", 1)[-1]
                return Reply({"totalSize": len(self._objects[kind]), "done": True, "records": []})
            found = self._query(soql, deleted=path == "queryAll")
            if isinstance(found, Reply):
                return found
            return self._page(version, *found, start=0)
        if path.startswith("query/"):
            cursor = self._cursors.pop(path.removeprefix("query/"), None)
            if cursor is None:
                return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
            return self._page(version, cursor[0], cursor[1], start=cursor[2])
        if path == "jobs/query":
            found = self._query(call.json()["query"], deleted=True)
            if isinstance(found, Reply):
                return found
            job = f"750{len(self._jobs):015d}"
            self._jobs[job] = found
            return Reply({"id": job, "state": "UploadComplete"})
        if path.startswith("sobjects/"):
            return self._describe(path.removeprefix("sobjects/").removesuffix("/describe"))
        if path.startswith("jobs/query/"):
            job, _, action = path.removeprefix("jobs/query/").partition("/")
            if job in self._jobs:
                if action == "results":
                    return self._results(*self._jobs[job], call)
                return Reply({"id": job, "state": "JobComplete"})
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _describe(self, kind: str) -> Reply:
        if kind not in _FIELDS or kind in self.hidden:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        fields = [
            {
                "name": name,
                "relationshipName": _RELATIONS.get(name),
                "referenceTo": [_RELATIONS[name]] if name in _RELATIONS else [],
            }
            for name in self._visible(kind)
        ]
        return Reply({"name": kind, "fields": fields})

    def _visible(self, kind: str) -> list[str]:
        system = [name for name in _SYSTEM if (kind, name) != ("User", "IsDeleted")]
        names = [*system, *_FIELDS[kind].split()]
        return [name for name in names if f"{kind}.{name}" not in self.hidden]

    def _knows(self, kind: str, column: str) -> bool:
        name, _, rest = column.partition(".")
        if not rest:
            return name in self._visible(kind)
        is_linked = any(_RELATIONS.get(field) == name for field in self._visible(kind))
        return is_linked and name not in self.hidden and self._knows(name, rest)

    def _query(self, soql: str, *, deleted: bool) -> tuple[list[str], list[Record]] | Reply:
        found = _SOQL.fullmatch(soql)
        if found is None:
            return _error(400, "MALFORMED_QUERY", "unexpected token")
        columns = found["columns"].split(", ")
        objects = self._objects[found["kind"]].values()
        for column in columns:
            if not self._knows(found["kind"], column):
                return _error(400, "INVALID_FIELD", f"No such column '{column}' on the entity")
        records = [
            dict(each)
            for each in objects
            if (deleted or not each["IsDeleted"])
            and (not found["since"] or each["SystemModstamp"] >= found["since"])
            and (not found["until"] or each["SystemModstamp"] < found["until"])
        ]
        return columns, sorted(records, key=lambda each: (each["SystemModstamp"], each["Id"]))

    def _page(
        self, version: str, columns: list[str], records: list[Record], *, start: int
    ) -> Reply:
        shown = [_shown(each, columns) for each in records[start : start + PAGE]]
        content: dict[str, Any] = {"totalSize": len(records), "done": True, "records": shown}
        if start + PAGE < len(records):
            locator = f"01g{len(self._cursors):015d}-{start + PAGE}"
            self._cursors[locator] = (columns, records, start + PAGE)
            content |= {
                "done": False,
                "nextRecordsUrl": f"/services/data/{version}/query/{locator}",
            }
        return Reply(content, headers={"Sforce-Limit-Info": "api-usage=18/5000"})

    def _results(self, columns: list[str], records: list[Record], call: Call) -> Reply:
        start = int(call.params.get("locator", "0"))
        size = int(call.params.get("maxRecords", "1000"))
        part = records[start : start + size]
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        if start == 0:
            writer.writerow(columns)
        writer.writerows([[_cell(each, column) for column in columns] for each in part])
        following = str(start + size) if start + size < len(records) else "null"
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(len(part)),
            "Sforce-Locator": following,
        }
        return Reply(text.getvalue().encode(), headers=headers)


def identity(kind: str, number: str) -> str:
    """An id of 18 characters, as the API gives it."""
    return f"{_PREFIX[kind]}{int(number):012d}AAA"


def _value(record: Record, column: str) -> Any:
    for name in column.split("."):
        record = record.get(name) if isinstance(record, dict) else None  # type: ignore[assignment]
    return record


def _shown(record: Record, columns: list[str]) -> Record:
    shown: Record = {"attributes": {"type": "sandbox"}}
    for column in columns:
        first, _, rest = column.partition(".")
        value = _value(record, column)
        if rest:
            shown[first] = None if value is None else {"attributes": {}, rest: value}
        else:
            shown[first] = _rest_moment(value)
    return shown


def _rest_moment(value: Any) -> Any:
    """REST writes an offset without a colon, bulk a Z."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return value[:-1] + "+0000"
    return value


def _cell(record: Record, column: str) -> str:
    value = _value(record, column)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(status: int, code: str, message: str) -> Reply:
    return Reply([{"errorCode": code, "message": message, "fields": []}], status)


def _user(row: Mapping[str, Any]) -> Record:
    return {"Name": row["name"], "Email": row["email"], "IsActive": True}


def _account(row: Mapping[str, Any]) -> Record:
    return {"Name": row["name"], "BillingCountry": None}


def _opportunity(row: Mapping[str, Any]) -> Record:
    closed = row["closed_at"] or row["created_at"] + dt.timedelta(days=60)
    return {
        "Name": f"Deal {row['deal_id']}",
        "OwnerId": identity("User", row["owner_id"]),
        "AccountId": identity("Account", row["company_id"]),
        "Type": "New Business",
        "Campaign": row["campaign"] and {"Name": row["campaign"]},
        "Market__c": row["market"],
        "StageName": {"won": "Getekend", "lost": "Afgewezen", "open": "Offerte"}[row["stage"]],
        "IsClosed": row["stage"] != "open",
        "IsWon": row["stage"] == "won",
        "Amount": float(row["amount"]),
        "CurrencyIsoCode": row["currency"],
        "CreatedDate": iso(row["created_at"]),
        "CloseDate": closed.date().isoformat(),
    }


def _line_item(row: Mapping[str, Any]) -> Record:
    return {
        "OpportunityId": identity("Opportunity", row["deal_id"]),
        "Product2": {"Name": row["product"]},
        "Quantity": float(row["quantity"]),
        "TotalPrice": float(row["amount"]),
        "UnitCost__c": row["unit_cost"] and float(row["unit_cost"]),
        "CurrencyIsoCode": row["currency"],
    }


def _lead(row: Mapping[str, Any]) -> Record:
    return {
        "Email": row["email"],
        "OwnerId": identity("User", row["owner_id"]),
        "LeadSource": row["campaign"],
        "Status": row["lifecycle_stage"],
        "CreatedDate": iso(row["created_at"]),
        "MQL_Date__c": iso(row["mql_at"]),
        "ConvertedDate": iso(row["customer_at"]),
        "ConvertedContactId": row["customer_at"] and identity("Contact", row["contact_id"]),
    }


def _contact(row: Mapping[str, Any]) -> Record:
    """What a lead was converted into; every third uses another address by then."""
    other = "prive-" if int(row["contact_id"]) % 3 == 0 else ""
    return {
        "Email": f"{other}{row['email']}",
        "OwnerId": identity("User", row["owner_id"]),
        "LeadSource": row["campaign"],
        "CreatedDate": iso(row["customer_at"]),
        "MQL_Date__c": iso(row["mql_at"]),
        "Customer_Since__c": iso(row["customer_at"]),
    }


def _activity(row: Mapping[str, Any]) -> Record:
    fields = {
        "OwnerId": identity("User", row["owner_id"]),
        "ActivityDate": iso(row["activity_at"]),
    }
    return fields if row["activity_type"] == "Meeting" else fields | {"TaskSubtype": "Call"}


def _many_leads(tables: Tables, number: int) -> Tables:
    """So many that were not converted."""
    contacts = [{**row, "customer_at": None} for row in tables.contacts]
    return many_contacts(replace(tables, contacts=contacts), number)


VENDOR = Vendor(
    connector="salesforce",
    longest=("leads", "/results"),
    told="opportunities",
    pinned="organisation",
    quick={"KOERS_SALESFORCE_BULK_ROWS": "250"},
    many=_many_leads,
    account=Salesforce,
    environment=lambda url: {
        "KOERS_SALESFORCE_URL": url,
        "KOERS_SALESFORCE_CLIENT_ID": CLIENT_ID,
        "KOERS_SALESFORCE_CLIENT_SECRET": CLIENT_SECRET,
        "KOERS_SALESFORCE_CURRENCY_FIELD": "CurrencyIsoCode",
        "KOERS_SALESFORCE_MARKET_FIELD": "Market__c",
        "KOERS_SALESFORCE_MQL_FIELD": "MQL_Date__c",
        "KOERS_SALESFORCE_CONTACT_MQL_FIELD": "MQL_Date__c",
        "KOERS_SALESFORCE_CONTACT_CUSTOMER_FIELD": "Customer_Since__c",
        "KOERS_SALESFORCE_COST_FIELD": "UnitCost__c",
    },
)
