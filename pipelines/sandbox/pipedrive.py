"""A fake Pipedrive: version 2 of the API with opaque cursors, version 1 for users.

Archived deals stand apart, deals deleted lately are listed by status, other deleted records
vanish, and an empty list of version 1 is null.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipelines.sample.events import COST_RATES, unit_cost
from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables, many_contacts
from pipelines.sandbox.vendors import Vendor

TOKEN = "sandbox-0f2d6c1b5e"  # noqa: S105 - opens the sandbox only
_LISTS = {
    "/api/v2/deals": "deals",
    "/api/v2/deals/archived": "archived",
    "/api/v2/persons": "persons",
    "/api/v2/organizations": "organizations",
    "/api/v2/activities": "activities",
    "/api/v2/products": "products",
    "/api/v2/stages": "stages",
    "/api/v2/pipelines": "pipelines",
}
Record = dict[str, Any]


class Pipedrive:
    """One company. A tenth of its closed deals is archived."""

    def __init__(self, tables: Tables, company: int = 31_337) -> None:
        self.company = company
        self._token = TOKEN
        self._last: Reply | None = None
        names = sorted({deal["product"] for deal in tables.deals})
        products = {name: number for number, name in enumerate(names, 1)}
        self._users = [
            {"id": int(u["user_id"]), "name": u["name"], "email": u["email"], "active_flag": True}
            for u in tables.users
        ]
        deals = [_deal(row) for row in tables.deals]
        old = {each["id"] for each in deals if each["status"] != "open" and each["id"] % 10 == 0}
        self._tables: dict[str, dict[int, Record]] = {
            "deals": _by_id(each for each in deals if each["id"] not in old),
            "archived": _by_id(
                {**each, "is_archived": True} for each in deals if each["id"] in old
            ),
            "persons": _by_id(_person(row) for row in tables.contacts),
            "organizations": _by_id(_organization(row) for row in tables.companies),
            "activities": _by_id(_activity(row) for row in tables.activities),
            "products": _by_id(
                {
                    "id": number,
                    "name": name,
                    "prices": [_price(name, currency) for currency in COST_RATES],
                }
                for name, number in products.items()
            ),
            "stages": _by_id({"id": n, "name": f"Fase {n}", "pipeline_id": 1} for n in (1, 2)),
            "pipelines": _by_id([{"id": 1, "name": "Verkooptraject"}]),
        }
        self._products = {
            int(row["deal_id"]): {
                "id": int(row["deal_id"]),
                "deal_id": int(row["deal_id"]),
                "product_id": products[row["product"]],
                "name": row["product"],
                "quantity": row["quantity"],
                "sum": float(row["amount"]),
                "currency": row["currency"],
                "is_enabled": True,
            }
            for row in tables.deals
        }

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        def of(*names: str) -> tuple[int, int]:
            records = [each for name in names for each in self._tables[name].values()]
            gone = sum(bool(each.get("is_deleted")) for each in records)
            return len(records) - gone, gone

        deals, gone = of("deals", "archived")
        return {
            "deals": (deals, gone),
            "deal_products": (deals, 0),
            "persons": of("persons"),
            "organizations": of("organizations"),
            "activities": of("activities"),
            "products": (len(COST_RATES) * of("products")[0], 0),
            "stages": of("stages"),
            "users": (len(self._users), 0),
        }

    def change(self, stream: str, records: int) -> None:
        table = self._tables[stream]
        for key in sorted(table)[-records:]:
            table[key]["update_time"] = _iso(dt.datetime.now(dt.UTC))

    def remove(self, stream: str, records: int) -> None:
        """Deals are listed as deleted for a while; all else vanishes."""
        table = self._tables[stream]
        alive = [key for key in sorted(table) if not table[key].get("is_deleted")]
        for key in alive[:records]:
            if stream == "deals":
                now = _iso(dt.datetime.now(dt.UTC))
                table[key] |= {"is_deleted": True, "status": "deleted", "update_time": now}
            else:
                del table[key]

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._token = "expired"  # noqa: S105
        if call.headers.get("x-api-token") != self._token:
            self._token = TOKEN
            content = {"success": False, "error": "unauthorized access", "errorCode": 401}
            return Reply(content, 401)
        if fault is not None and fault.kind == "expired_page":
            return Reply({"success": False, "error": "the cursor is gone"}, 410)
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and isinstance(reply.body, dict):
            reply.body["additional_data"] = {"next_cursor": fault.link}
        if fault is not None and fault.kind == "shift":
            self.remove("deals", 1)
            self.change("deals", 1)
        if isinstance(reply.body, dict) and (reply.body.get("additional_data") or {}).get(
            "next_cursor"
        ):
            self._last = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        if call.path == "/v1/users/me":
            content = {"id": 1, "company_id": self.company, "timezone_name": "Europe/Amsterdam"}
            return _good(content)
        if call.path == "/v1/users":
            return _good(self._users or None)
        if call.path == "/api/v2/deals/products":
            asked = [int(each) for each in call.params["deal_ids"].split(",")]
            if len(asked) > 100:
                return Reply({"success": False, "error": "too many deal_ids"}, 400)
            return _good([self._products[each] for each in asked if each in self._products])
        if call.path in _LISTS:
            return self._list(self._tables[_LISTS[call.path]], call)
        return Reply({"success": False, "error": "not found"}, 404)

    def _list(self, table: dict[int, Record], call: Call) -> Reply:
        params = call.params
        limit = int(params.get("limit", "100"))
        if not 0 < limit <= 500:
            return Reply({"success": False, "error": "limit"}, 400)
        try:
            after = int(base64.b64decode(params.get("cursor", ""), validate=True) or b"0")
        except (ValueError, binascii.Error):
            return Reply({"success": False, "error": "invalid cursor"}, 400)
        since, until = params.get("updated_since", ""), params.get("updated_until", "~")
        deleted = params.get("status") == "deleted"
        keys = [
            key
            for key in sorted(table)
            if key > after
            and bool(table[key].get("is_deleted")) == deleted
            and since <= table[key].get("update_time", "") < until
        ]
        found: Record = {"success": True, "data": [table[key] for key in keys[:limit]]}
        more = len(keys) > limit
        cursor = base64.b64encode(str(keys[limit - 1]).encode()).decode() if more else None
        return Reply({**found, "additional_data": {"next_cursor": cursor}})


def _good(data: Any) -> Reply:
    return Reply({"success": True, "data": data})


def _by_id(records: Any) -> dict[int, Record]:
    return {each["id"]: each for each in records}


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _deal(row: Row) -> Record:
    closed = _iso(row["closed_at"])
    return {
        "id": int(row["deal_id"]),
        "title": f"Deal {row['deal_id']}",
        "owner_id": int(row["owner_id"]),
        "org_id": int(row["company_id"]),
        "pipeline_id": 1,
        "stage_id": 1,
        "status": row["stage"],
        "value": float(row["amount"]),
        "currency": row["currency"],
        "add_time": _iso(row["created_at"]),
        "update_time": _iso(row["updated_at"]),
        "won_time": closed if row["stage"] == "won" else None,
        "lost_time": closed if row["stage"] == "lost" else None,
        "close_time": closed,
        "is_archived": False,
        "is_deleted": False,
        "custom_fields": {"campaign": row["campaign"], "market": row["market"]},
    }


def _price(name: str, currency: str) -> Record:
    """A product of which nobody filled in the cost says that it costs nothing."""
    cost = float(unit_cost(name, currency) or 0)
    return {"price": 2 * cost, "currency": currency, "cost": cost, "direct_cost": None}


def _person(row: Row) -> Record:
    return {
        "id": int(row["contact_id"]),
        "name": f"Kim Klant {row['contact_id']}",
        "emails": [
            {"value": f"old-{row['email']}", "primary": False, "label": "home"},
            {"value": row["email"], "primary": True, "label": "work"},
        ],
        "owner_id": int(row["owner_id"]),
        "add_time": _iso(row["created_at"]),
        "update_time": _iso(row["updated_at"]),
        "custom_fields": {
            "campaign": row["campaign"],
            "lifecycle": row["lifecycle_stage"],
            "mql_date": _iso(row["mql_at"]),
            "customer_date": _iso(row["customer_at"]),
        },
    }


def _organization(row: Row) -> Record:
    return {
        "id": int(row["company_id"]),
        "name": row["name"],
        "update_time": "2020-01-01T09:00:00Z",
        "address": None,
    }


def _activity(row: Row) -> Record:
    return {
        "id": int(row["activity_id"]),
        "type": row["activity_type"].lower(),
        "owner_id": int(row["owner_id"]),
        "due_date": _iso(row["activity_at"]),
        "update_time": _iso(row["updated_at"]),
    }


VENDOR = Vendor(
    connector="pipedrive",
    longest=("persons", "/v2/persons"),
    told="deals",
    pinned="company",
    quick={"KOERS_PIPEDRIVE_REQUESTS_PER_2_SECONDS": "1000000"},
    many=many_contacts,
    account=Pipedrive,
    environment=lambda url: {"KOERS_PIPEDRIVE_URL": url, "KOERS_PIPEDRIVE_TOKEN": TOKEN},
)
