"""A fake Kit: version 4 of the API, newest first under an opaque cursor.

Rates of a broadcast are percents, errors are lists of words, the list of statistics is for Pro
plans, drafts stand among what was sent, cancellations are negative, and the account has one list.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables
from pipelines.sandbox.vendors import Vendor

KEY = "sandbox-kit-51be02f7"
DAYS = 130
Record = dict[str, Any]
_ZONE = ZoneInfo("Europe/Amsterdam")
_ONE_LIST = "an account has one list, so that sizes are compared over all lists together"
_UNTOLD = "Kit does not tell it"


class Kit:
    """One account. is_pro: its plan has statistics in a list. counts_now: `subscribers` of a day is
    the number of the newest day there is."""

    def __init__(
        self, tables: Tables, account: int = 4_711, *, is_pro: bool = True, counts_now: bool = False
    ) -> None:
        self.account, self.is_pro, self.counts_now = account, is_pro, counts_now
        self._key = KEY
        self._last: dict[str, Reply] = {}
        rows = sorted(tables.mailings, key=lambda row: (row["sent_at"], row["mailing_id"]))
        self._broadcasts = {number: _broadcast(number, row) for number, row in enumerate(rows, 1)}
        self._statistics = {number: _statistics(row) for number, row in enumerate(rows, 1)}
        by_day: dict[dt.date, int] = defaultdict(int)
        for row in tables.list_sizes:
            by_day[row["snapshot_date"]] += row["subscribers"]
        self._sizes = dict(sorted(by_day.items()))

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        today = dt.datetime.now(_ZONE).date()
        first = max(next(iter(self._sizes), today), today - dt.timedelta(days=DAYS))
        return {"mailings": (len(self._broadcasts), 0), "list_sizes": ((today - first).days, 0)}

    def change(self, stream: str, records: int) -> None:
        """Of what was sent, only what is new still changes: the newest are sent now."""
        for number in sorted(self._broadcasts)[-records:]:
            self._broadcasts[number]["send_at"] = _z(dt.datetime.now(dt.UTC))
            self._statistics[number]["total_clicks"] += 1

    def remove(self, stream: str, records: int) -> None:
        for number in sorted(self._broadcasts)[:records]:
            del self._broadcasts[number]

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._key = "expired"
        if call.headers.get("x-kit-api-key") != self._key:
            self._key = KEY
            return _wrong(401, "The access token is invalid")
        if fault is not None and fault.kind == "expired_page":
            return _wrong(422, "The cursor is invalid")
        if fault is not None and fault.kind == "repeat" and call.path in self._last:
            return self._last[call.path]
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and "pagination" in reply.body:
            reply.body["pagination"] |= {"has_next_page": True, "end_cursor": fault.link}
        if fault is not None and fault.kind == "shift":
            self.remove("mailings", 1)
            self.change("mailings", 1)
        if (reply.body.get("pagination") or {}).get("has_next_page"):
            self._last[call.path] = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        if call.path == "/v4/account":
            return Reply(
                {"user": {"email": "wij@noorderlicht.example"}, "account": self._account()}
            )
        if call.path == "/v4/account/growth_stats":
            return self._growth(call)
        if call.path == "/v4/broadcasts":
            after, before = call.params.get("sent_after", ""), call.params.get("sent_before", "~")
            sent = [
                each
                for each in self._broadcasts.values()
                if after < (each["send_at"] or "")[:10] < before
            ]
            return _page(call, [_draft(10**6), *sent])
        if call.path == "/v4/broadcasts/stats":
            if not self.is_pro:
                return _wrong(403, "Your plan does not include this")
            return _page(call, [self._with_statistics(number) for number in self._broadcasts])
        number = call.path.removeprefix("/v4/broadcasts/").removesuffix("/stats")
        if number.isdigit() and int(number) in self._broadcasts:
            return Reply({"broadcast": self._with_statistics(int(number))})
        return _wrong(404, "Not Found")

    def _account(self) -> Record:
        made = next(iter(self._sizes), dt.datetime.now(_ZONE).date())
        return {
            "id": self.account,
            "name": "Noorderlicht",
            "plan_type": "creator_pro" if self.is_pro else "creator",
            # The organisation's files map the names of the sample's senders to teams.
            "primary_email_address": "Nieuwsbrief",
            "created_at": f"{made}T10:00:00Z",
            "timezone": {"name": "Europe/Amsterdam", "utc_offset": "+01:00"},
        }

    def _with_statistics(self, number: int) -> Record:
        known = self._broadcasts[number]
        found = {name: known[name] for name in ("id", "subject", "send_at")}
        return {**found, "stats": self._statistics[number]}

    def _growth(self, call: Call) -> Reply:
        try:
            first, last = (
                dt.date.fromisoformat(call.params[end]) for end in ("starting", "ending")
            )
        except (KeyError, ValueError):
            return _wrong(422, "Dates are yyyy-mm-dd")
        before, after = self._size(first - dt.timedelta(days=1)), self._size(last)
        # The first day there is began with what was there.
        before = after if before is None else before
        gained = (after or 0) - (before or 0)
        newest = list(self._sizes.values())[-1] if self._sizes else 0
        stats = {
            "cancellations": min(gained, 0),
            "net_new_subscribers": gained,
            "new_subscribers": max(gained, 0),
            "subscribers": newest if self.counts_now else after or 0,
            "starting": f"{first}T00:00:00.000+01:00",
            "ending": f"{last}T23:59:59.999+01:00",
        }
        return Reply({"stats": stats})

    def _size(self, day: dt.date) -> int | None:
        """At the end of a day; None before the first."""
        return next((n for known, n in reversed(self._sizes.items()) if known <= day), None)


def _page(call: Call, found: list[Record]) -> Reply:
    size = int(call.params.get("per_page", "500"))
    try:
        [last] = json.loads(base64.b64decode(call.params.get("after", "WzBd"), validate=True))
    except (ValueError, binascii.Error):
        return _wrong(422, "The cursor is invalid")
    newest = sorted(found, key=lambda each: each["id"], reverse=True)
    rest = [each for each in newest if not last or each["id"] < last]
    shown = rest[:size]
    end = base64.b64encode(json.dumps([shown[-1]["id"]]).encode()).decode() if shown else None
    pagination = {
        "has_previous_page": bool(last),
        "has_next_page": len(rest) > size,
        "start_cursor": None,
        "end_cursor": end,
        "per_page": size,
    }
    return Reply({"broadcasts": shown, "pagination": pagination})


def _wrong(status: int, words: str) -> Reply:
    return Reply({"errors": [words]}, status)


def _z(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _broadcast(number: int, row: Row) -> Record:
    return {
        "id": number,
        "publication_id": number,
        "created_at": _z(row["sent_at"] - dt.timedelta(days=1)),
        "subject": "Nieuws van Noorderlicht",
        "description": f"Mailing [{row['campaign']}]" if row["campaign"] else None,
        "content": "<p>Nieuws</p>",
        "public": False,
        "published_at": None,
        "send_at": _z(row["sent_at"]),
        "email_address": row["sender"],
        "status": "completed",
    }


def _draft(number: int) -> Record:
    return {
        "id": number,
        "subject": "Concept",
        "description": None,
        "send_at": None,
        "status": "draft",
        "email_address": None,
    }


def _statistics(row: Row) -> Record:
    sent = row["sent"] or 1
    return {
        "recipients": row["sent"],
        "open_rate": round(100 * row["unique_opens"] / sent, 4),
        "emails_opened": row["unique_opens"],
        "click_rate": round(100 * row["unique_clicks"] / sent, 4),
        "unsubscribe_rate": round(100 * row["unsubscribes"] / sent, 4),
        "unsubscribes": row["unsubscribes"],
        "total_clicks": row["total_clicks"],
        "show_total_clicks": True,
        "status": "completed",
        "progress": 100.0,
        "open_tracking_disabled": False,
        "click_tracking_disabled": False,
    }


VENDOR = Vendor(
    connector="kit",
    longest=("mailings", "/v4/broadcasts"),
    pinned="account",
    quick={"KOERS_KIT_REQUESTS_PER_MINUTE": "1000000", "KOERS_KIT_DAYS_OF_GROWTH": str(DAYS)},
    account=Kit,
    environment=lambda url: {"KOERS_KIT_URL": url, "KOERS_KIT_API_KEY": KEY},
    lacks={
        "many": "each mailing takes a request, so no account has too many to hold in memory",
        "measure_list_sizes by unit": _ONE_LIST,
        "measure_list_growth by unit": _ONE_LIST,
        "mails_delivered": _UNTOLD,
        "mail_bounces": _UNTOLD,
    },
)
