"""A fake HubSpot: CRM objects, search, associations, owners, pipelines, teams, account details.

It keeps to what `connectors/hubspot.py` names as its sources, quirks included: properties are texts
or null, only asked ones are given, archived records stand in a list of their own and in no search,
a search gives no associations and 10,000 results at most, `paging` is absent on the last page, and
429 has no `Retry-After`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables, iso, many_contacts
from pipelines.sandbox.vendors import Vendor

TOKEN = "pat-eu1-sandbox-4f1c"  # noqa: S105 - opens the sandbox only
REFRESH_TOKEN = "sandbox-refresh-81d2"  # noqa: S105
MOST_RESULTS = 10_000
_STAGES = {"open": "appointmentscheduled", "won": "closedwon", "lost": "closedlost"}
Properties = dict[str, str | None]


class HubSpot:
    """One account. `portal` is its id; `oauth` makes it hand out tokens instead of having one."""

    def __init__(self, tables: Tables, portal: int = 4711, *, oauth: bool = False) -> None:
        self.portal = portal
        self._token = TOKEN
        self._oauth = oauth
        self._given = 0
        self._objects: dict[str, dict[int, dict[str, Any]]] = {}
        self._archived: dict[str, dict[int, dict[str, Any]]] = {}
        self._pages: dict[str, bytes] = {}
        self._last: Reply | None = None
        self._owners = [
            {
                "id": user["user_id"],
                "email": user["email"],
                "firstName": user["name"].split()[0],
                "lastName": " ".join(user["name"].split()[1:]),
                "userId": 9_000 + int(user["user_id"]),
                "archived": False,
                "teams": [{"id": "1", "name": "Verkoop", "primary": True}],
            }
            for user in tables.users
        ]
        self._fill("deals", tables.deals, _deal)
        self._fill("contacts", tables.contacts, _contact)
        calls = [each for each in tables.activities if each["activity_type"] == "Call"]
        others = [each for each in tables.activities if each["activity_type"] != "Call"]
        self._fill("calls", calls, _activity)
        self._fill("meetings", others, _activity)
        self._fill("companies", tables.companies, _company)
        self._fill("line_items", tables.deals, _line_item)
        self._fill("feedback_submissions", [], _company)

    def _fill(self, kind: str, rows: list[Row], make: Callable[[Row], dict[str, Any]]) -> None:
        made = (make(row) for row in rows)
        self._objects[kind] = {int(each["id"]): each for each in made}
        self._archived[kind] = {}

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        found = {
            stream: (
                sum(len(self._objects[kind]) for kind in kinds),
                sum(len(self._archived[kind]) for kind in kinds),
            )
            for stream, kinds in _KINDS.items()
        }
        return {**found, "owners": (len(self._owners), 0), "teams": (1, 0), "stages": (3, 0)}

    def change(self, stream: str, records: int) -> None:
        objects = self._objects[_KINDS[stream][0]]
        for key in sorted(objects)[-records:]:
            each = objects[key]
            now = iso(dt.datetime.now(dt.UTC))
            properties = {**each["properties"], _modified(stream): now}
            objects[key] = {**each, "properties": properties, "updatedAt": now}
        self._pages.clear()

    def remove(self, stream: str, records: int) -> None:
        kind = _KINDS[stream][0]
        for key in sorted(self._objects[kind])[:records]:
            gone = self._objects[kind].pop(key)
            now = iso(dt.datetime.now(dt.UTC))
            self._archived[kind][key] = {**gone, "archived": True, "archivedAt": now}
        self._pages.clear()

    def merge(self, stream: str, loser: int, winner: int) -> None:
        """Merge a record into another, which keeps its id and names the loser."""
        objects = self._objects[_KINDS[stream][0]]
        del objects[loser]
        each, now = objects[winner], iso(dt.datetime.now(dt.UTC))
        properties = {**each["properties"], _modified(stream): now}
        properties["hs_merged_object_ids"] = str(loser)
        objects[winner] = {**each, "properties": properties, "updatedAt": now}
        self._pages.clear()

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if call.path == "/oauth/v1/token":
            return self._hand_out(call)
        if fault is not None and fault.kind == "expired_token":
            self._token = "expired"  # noqa: S105
        if call.headers.get("authorization") != f"Bearer {self._token}":
            if not self._oauth:
                self._token = TOKEN
            return _error(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        if fault is not None and fault.kind == "expired_page":
            return Reply({"status": "error", "message": "Invalid cursor"}, 410)
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and isinstance(reply.body, bytes):
            content = json.loads(reply.body)
            if "next" in content.get("paging", {}):
                content["paging"]["next"]["link"] = fault.link
            return Reply(content)
        if isinstance(reply.body, bytes) and b'"paging"' in reply.body[-400:]:
            self._last = reply
        if fault is not None and fault.kind == "shift":
            self._shift(call.path)
        return reply

    def _hand_out(self, call: Call) -> Reply:
        if call.form().get("refresh_token") != REFRESH_TOKEN:
            return Reply({"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid"}, 400)
        self._given += 1
        self._token = f"sandbox-access-token-{self._given}"
        return Reply(
            {
                "access_token": self._token,
                "refresh_token": REFRESH_TOKEN,
                "expires_in": 1800,
                "token_type": "bearer",
            }
        )

    def _shift(self, path: str) -> None:
        """While a page is read, the first record of the list is deleted and the last changed."""
        for stream, kinds in _KINDS.items():
            if f"/{kinds[0]}" in path and len(self._objects[kinds[0]]) > 2:
                self.remove(stream, 1)
                self.change(stream, 1)

    def _answer(self, call: Call) -> Reply:
        path = call.path
        if path == "/account-info/v3/details":
            return Reply({"portalId": self.portal, "timeZone": "Europe/Amsterdam"})
        if path == "/crm/v3/owners":
            gone = call.params.get("archived") == "true"
            return Reply({"results": [] if gone else self._owners})
        if path == "/settings/v3/users/teams":
            users = [str(owner["userId"]) for owner in self._owners]
            return Reply({"results": [{"id": "1", "name": "Verkoop", "userIds": users}]})
        if path == "/crm/v3/pipelines/deals":
            return Reply({"results": [_PIPELINE]})
        if path.startswith("/crm/v4/associations/"):
            return self._associations(call)
        if path.startswith("/crm/v3/objects/"):
            kind, _, action = path.removeprefix("/crm/v3/objects/").partition("/")
            if kind in self._objects:
                return self._search(kind, call) if action == "search" else self._list(kind, call)
        return _error(404, "resource not found", "OBJECT_NOT_FOUND")

    def _list(self, kind: str, call: Call) -> Reply:
        params = call.params
        mark = f"{kind}?{sorted(params.items())}"
        if mark in self._pages:
            return Reply(self._pages[mark])
        limit = int(params.get("limit", "10"))
        if not 0 < limit <= 100:
            return _error(400, "limit must be at most 100", "VALIDATION_ERROR")
        archived = params.get("archived") == "true"
        table = (self._archived if archived else self._objects)[kind]
        after = int(params.get("after", "0"))
        keys = [key for key in sorted(table) if key > after]
        asked = params.get("properties", "").split(",")
        results = [_shown(table[key], asked, params.get("associations")) for key in keys[:limit]]
        content: dict[str, Any] = {"results": results}
        if len(keys) > limit:
            content["paging"] = {"next": {"after": results[-1]["id"], "link": ""}}
        self._pages[mark] = Reply(content).rendered()[0]
        return Reply(self._pages[mark])

    def warm(self, kind: str, properties: str, associations: str | None = None) -> int:
        """Render every page of a list beforehand, so that a benchmark does not measure this
        server; the number of pages."""
        keys = sorted(self._objects[kind])
        asked = properties.split(",")
        after = 0
        for start in range(0, len(keys), 100):
            part = keys[start : start + 100]
            params = {"limit": "100", "archived": "false", "properties": properties}
            if associations:
                params["associations"] = associations
            if after:
                params["after"] = str(after)
            shown = [_shown(self._objects[kind][key], asked, associations) for key in part]
            content: dict[str, Any] = {"results": shown}
            after = part[-1]
            if start + 100 < len(keys):
                content["paging"] = {"next": {"after": str(after), "link": ""}}
            mark = f"{kind}?{sorted(params.items())}"
            self._pages[mark] = Reply(content).rendered()[0]
        return -(-len(keys) // 100)

    def _search(self, kind: str, call: Call) -> Reply:
        body = call.json()
        after, limit = int(body.get("after") or 0), int(body.get("limit", 10))
        if not 0 < limit <= 200 or after + limit > MOST_RESULTS:
            return _error(400, "a search gives 10,000 results at most", "VALIDATION_ERROR")
        groups = body.get("filterGroups") or [{"filters": []}]
        found = [
            each
            for each in self._objects[kind].values()
            if any(all(_holds(each, f) for f in group["filters"]) for group in groups)
        ]
        sorts = body.get("sorts") or [{"propertyName": "hs_object_id"}]
        found.sort(key=lambda each: _value(each, sorts[0]["propertyName"]))
        results = [_shown(e, body.get("properties", []), None) for e in found[after:][:limit]]
        content: dict[str, Any] = {"total": len(found), "results": results}
        if len(found) > after + limit:
            content["paging"] = {"next": {"after": str(after + limit)}}
        return Reply(content)

    def _associations(self, call: Call) -> Reply:
        _, _, _, _, kind, to, *_ = call.path.split("/")
        results, errors = [], []
        for asked in call.json()["inputs"]:
            each = self._objects[kind].get(int(asked["id"]))
            if each and (linked := each["associations"].get(to)):
                targets = [{"toObjectId": int(linked), "associationTypes": []}]
                results.append({"from": {"id": asked["id"]}, "to": targets})
            else:
                errors.append({"status": "error", "category": "OBJECT_NOT_FOUND"})
        content = {"status": "COMPLETE", "results": results, "numErrors": len(errors)}
        return Reply({**content, "errors": errors}, 207 if errors else 200)


def _shown(record: dict[str, Any], asked: Any, associations: str | None) -> dict[str, Any]:
    properties = record["properties"]
    shown = {name: properties[name] for name in asked if name in properties}
    found = {**record, "properties": {"hs_object_id": record["id"], **shown}}
    linked = found.pop("associations")
    if associations and associations in linked:
        ids = [{"id": linked[associations], "type": kind} for kind in ("first", "second")]
        found["associations"] = {associations: {"results": ids}}
    return found


def _value(record: dict[str, Any], name: str) -> float:
    if name == "hs_object_id":
        return float(record["id"])
    text = record["properties"].get(name) or record["updatedAt"]
    return dt.datetime.fromisoformat(text).timestamp() * 1000


def _holds(record: dict[str, Any], rule: Mapping[str, str]) -> bool:
    left, right = _value(record, rule["propertyName"]), float(rule["value"])
    return {"GT": left > right, "GTE": left >= right, "LT": left < right, "LTE": left <= right}[
        rule["operator"]
    ]


def _error(status: int, message: str, category: str) -> Reply:
    content = {"status": "error", "message": message, "category": category}
    return Reply({**content, "correlationId": "00000000-0000-0000-0000-000000000000"}, status)


def _modified(stream: str) -> str:
    return "lastmodifieddate" if stream == "contacts" else "hs_lastmodifieddate"


def _object(
    key: str, properties: Properties, created: str | None, changed: str | None, **linked: str
) -> dict[str, Any]:
    return {
        "id": key,
        "properties": properties,
        "createdAt": created,
        "updatedAt": changed,
        "archived": False,
        "associations": linked,
    }


def _deal(row: Row) -> dict[str, Any]:
    created, changed = iso(row["created_at"]), iso(row["updated_at"])
    properties: Properties = {
        "dealname": f"Deal {row['deal_id']}",
        "amount": str(row["amount"]),
        "deal_currency_code": row["currency"],
        "dealstage": _STAGES[row["stage"]],
        "pipeline": "default",
        "hs_is_closed": str(row["stage"] != "open").lower(),
        "hs_is_closed_won": str(row["stage"] == "won").lower(),
        "hubspot_owner_id": row["owner_id"],
        "campaign": row["campaign"],
        "market": row["market"],
        "origin": row.get("origin"),
        "createdate": created,
        "closedate": iso(row["closed_at"]),
        "hs_lastmodifieddate": changed,
    }
    return _object(row["deal_id"], properties, created, changed, companies=row["company_id"])


def _contact(row: Row) -> dict[str, Any]:
    created, changed = iso(row["created_at"]), iso(row["updated_at"])
    properties: Properties = {
        "email": row["email"],
        "firstname": "Kim",
        "lastname": f"Klant {row['contact_id']}",
        "lifecyclestage": row["lifecycle_stage"],
        "hubspot_owner_id": row["owner_id"],
        "campaign": row["campaign"],
        "createdate": created,
        "lastmodifieddate": changed,
        # Older accounts have the older name of the same date.
        "hs_lifecyclestage_marketingqualifiedlead_date": iso(row["mql_at"]),
        "hs_v2_date_entered_customer": iso(row["customer_at"]),
    }
    return _object(row["contact_id"], properties, created, changed)


def _activity(row: Row) -> dict[str, Any]:
    at, changed = iso(row["activity_at"]), iso(row["updated_at"])
    properties: Properties = {
        "hs_activity_type": row["activity_type"],
        "hs_timestamp": at,
        "hubspot_owner_id": row["owner_id"],
        "hs_lastmodifieddate": changed,
    }
    return _object(row["activity_id"], properties, at, changed)


def _company(row: Row) -> dict[str, Any]:
    changed = "2020-01-01T09:00:00.000Z"
    properties: Properties = {"name": row["name"], "hs_lastmodifieddate": changed}
    return _object(row["company_id"], properties, changed, changed)


def _line_item(row: Row) -> dict[str, Any]:
    changed = iso(row["updated_at"])
    properties: Properties = {
        "name": row["product"],
        "quantity": str(row["quantity"]),
        "price": str(round(row["amount"] / row["quantity"], 2)),
        "amount": str(row["amount"]),
        "hs_line_item_currency_code": row["currency"],
        "hs_cost_of_goods_sold": row["unit_cost"] and str(row["unit_cost"]),
        "hs_lastmodifieddate": changed,
    }
    return _object(row["deal_id"], properties, changed, changed, deals=row["deal_id"])


_KINDS = {
    "deals": ("deals",),
    "contacts": ("contacts",),
    "activities": ("calls", "meetings"),
    "companies": ("companies",),
    "line_items": ("line_items",),
    "feedback": ("feedback_submissions",),
}
_PIPELINE = {
    "id": "default",
    "label": "Verkooptraject",
    "stages": [
        {
            "id": stage,
            "label": word,
            "metadata": {
                "isClosed": str(word != "open").lower(),
                "probability": {"won": "1.0", "lost": "0.0"}.get(word, "0.2"),
            },
        }
        for word, stage in _STAGES.items()
    ],
}

VENDOR = Vendor(
    connector="hubspot",
    longest=("contacts", "/objects/contacts"),
    told="deals",
    pinned="portal",
    quick={"KOERS_HUBSPOT_REQUESTS_PER_10_SECONDS": "1000000"},
    many=many_contacts,
    account=HubSpot,
    environment=lambda url: {"KOERS_HUBSPOT_URL": url, "KOERS_HUBSPOT_TOKEN": TOKEN},
)
