"""A fake Spotler Mail+: requests are signed by OAuth 1.0, pages go by an offset.

Mailings are a bare array and need both dates, their dates have no offset, interactions tell time in
milliseconds, every page but the last names a next one, and errors have a type and a message.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables
from pipelines.sandbox.vendors import Vendor

KEY, SECRET = "sandbox-consumer", "sandbox-3e85c1f09d"
Record = dict[str, Any]
_ZONE = ZoneInfo("Europe/Amsterdam")
_KINDS = ("sent", "opened", "clicked", "bounced")
_UNTOLD = "the API does not tell the size of lists"


class Spotler:
    """One account. Of each mailing there is one interaction of each kind."""

    def __init__(self, tables: Tables, secret: str = SECRET) -> None:
        self.secret = secret
        self._last: Reply | None = None
        self._rows = {row["mailing_id"]: row for row in tables.mailings}
        self._interactions: dict[str, dict[int, Record]] = {
            kind: {
                number: _interaction(kind, number, row)
                for number, row in enumerate(tables.mailings, 1)
            }
            for kind in _KINDS
        }

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        total = sum(len(each) for each in self._interactions.values())
        return {"mailings": (len(self._rows), 0), "interactions": (total, 0)}

    def change(self, stream: str, records: int) -> None:
        for number in range(records):
            kind = _KINDS[number % len(_KINDS)]
            key = sorted(self._interactions[kind])[-1 - number // len(_KINDS)]
            self._interactions[kind][key]["changeDate"] = _milliseconds(dt.datetime.now(dt.UTC))

    def remove(self, stream: str, records: int) -> None:
        for number in range(records):
            kind = self._interactions[_KINDS[number % len(_KINDS)]]
            del kind[min(kind)]

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            return _wrong(401, "NOT_AUTHORIZED", "the consumer is not authorized")
        if not self._is_signed(call):
            return _wrong(401, "AUTH_NOT_FOUND", "the signature is not valid")
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and isinstance(reply.body, dict):
            reply.body["paging"] = {"next": fault.link, "after": 10**6}
        if fault is not None and fault.kind == "shift":
            self.remove("interactions", 1)
            self.change("interactions", 1)
        if isinstance(reply.body, dict) and "paging" in reply.body:
            self._last = reply
        return reply

    def _is_signed(self, call: Call) -> bool:
        scheme, _, told = call.headers.get("authorization", "").partition(" ")
        given = {n: unquote(v) for n, v in re.findall(r'(\w+)="([^"]*)"', told)}
        signature = given.pop("oauth_signature", "")
        if scheme != "OAuth" or given.get("oauth_consumer_key") != KEY:
            return False
        pairs = sorted((_enc(n), _enc(v)) for n, v in [*call.params.items(), *given.items()])
        listed = "&".join("=".join(pair) for pair in pairs)
        base = "&".join(map(_enc, (call.method, f"{call.base_url}{call.path}", listed)))
        right = hmac.new(f"{self.secret}&".encode(), base.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(signature, base64.b64encode(right).decode())

    def _answer(self, call: Call) -> Reply:
        if call.path == "/contact/properties/list":
            return Reply([{"name": "email", "type": "email"}])
        if call.path == "/mailing":
            return self._list(call)
        kind = call.path.removeprefix("/mailing-interaction/")
        if kind in self._interactions:
            return _page(call, list(self._interactions[kind].values()))
        number, _, part = call.path.removeprefix("/mailing/").partition("/")
        row = self._rows.get(number)
        if row is None or part not in ("", "statistics"):
            return _wrong(404, "MAILING_NOTFOUND", "there is no such mailing")
        return Reply(_statistics(row) if part else {**_mailing(row), **_detail(row)})

    def _list(self, call: Call) -> Reply:
        first, last = call.params.get("fromDate"), call.params.get("toDate")
        if not first or not last:
            return _wrong(400, "INVALID_PARAMS", "fromDate and toDate are required")
        found = [_mailing(row) for row in self._rows.values()]
        return Reply([each for each in found if first <= each["scheduledStartDate"] <= last])


def _page(call: Call, found: list[Record]) -> Reply:
    try:
        after, size = int(call.params.get("after", 0)), int(call.params.get("pageSize", 1000))
        since, until = (_in_milliseconds(call.params[f"{end}ChangeDate"]) for end in ("from", "to"))
    except (KeyError, ValueError):
        return _wrong(400, "INVALID_PARAMS", "a parameter cannot be read")
    if not 0 < size <= 10_000:
        return _wrong(400, "INVALID_PARAMS", "pageSize is 10000 at most")
    changed = [each for each in found if since <= each["changeDate"] < until]
    shown, end = changed[after : after + size], min(after + size, len(changed))
    following = f"{call.base_url}{call.path}?after={end}" if end < len(changed) else None
    return Reply({"paging": {"next": following, "after": end}, "interactions": shown})


def _wrong(status: int, kind: str, message: str) -> Reply:
    return Reply({"errorType": kind, "message": message}, status)


def _enc(text: str) -> str:
    return quote(text, safe="-._~")


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def _in_milliseconds(text: str) -> int:
    return _milliseconds(dt.datetime.fromisoformat(text).replace(tzinfo=_ZONE))


def _mailing(row: Row) -> Record:
    of = f" [{row['campaign']}]" if row["campaign"] else ""
    return {
        "encryptedId": row["mailing_id"],
        "name": f"Mailing {row['mailing_id']}{of}",
        "scheduledStartDate": row["sent_at"].astimezone(_ZONE).strftime("%Y-%m-%dT%H:%M:%S"),
        "type": "EMAIL",
        "archiveLink": None,
        "sentCount": row["sent"],
    }


def _detail(row: Row) -> Record:
    return {
        "sender": row["sender"],
        "targetGroup": row["list_id"],
        "message": {"name": "Nieuws", "subject": "Nieuws", "fromName": row["sender"]},
        "links": [],
    }


def _statistics(row: Row) -> Record:
    return {
        "sentCount": row["sent"],
        "acceptedCount": row["delivered"],
        "openCount": row["unique_opens"],
        "openRenderedCount": row["unique_opens"],
        "clickCount": row["unique_clicks"],
        "hardbounceCount": row["bounces"] // 3,
        "softbounceCount": row["bounces"] - row["bounces"] // 3,
        "notRetainedAfterBounceCount": 0,
        "unsubscribeCount": row["unsubscribes"],
        "conversionValue": 0.0,
    }


def _interaction(kind: str, number: int, row: Row) -> Record:
    found = {
        "id": number,
        "externalContactId": f"contact-{number}",
        "encryptedMailingId": row["mailing_id"],
        "date": _milliseconds(row["sent_at"]),
        "changeDate": _milliseconds(row["sent_at"]),
        "trendReportId": 12,
    }
    return {**found, "bounceType": "SOFT"} if kind == "bounced" else found


def _many(tables: Tables, number: int) -> Tables:
    """So many interactions, of mailings like those there are."""
    made = [
        {**tables.mailings[at % len(tables.mailings)], "mailing_id": f"many-{at}"}
        for at in range(number // len(_KINDS))
    ]
    return replace(tables, mailings=made)


VENDOR = Vendor(
    connector="spotler",
    longest=("interactions", "/mailing-interaction/"),
    pinned="secret",
    quick={
        "KOERS_SPOTLER_REQUESTS_PER_SECOND": "1000000",
        "KOERS_SPOTLER_PAGE_SIZE": "60",
        "KOERS_SPOTLER_INTERACTIONS": "yes",
    },
    many=_many,
    account=Spotler,
    environment=lambda url: {
        "KOERS_SPOTLER_URL": url,
        "KOERS_SPOTLER_CONSUMER_KEY": KEY,
        "KOERS_SPOTLER_CONSUMER_SECRET": SECRET,
        "KOERS_SPOTLER_ACCOUNT": "noorderlicht",
    },
    lacks={
        "account": "no answer says whose account it is",
        "expired_page": "pages have offsets, and no token that could expire",
        "secrets": "the secret signs requests and is never sent",
        "measure_list_sizes": _UNTOLD,
        "measure_list_growth": _UNTOLD,
    },
)
