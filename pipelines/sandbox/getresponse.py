"""A fake GetResponse: version 3 of the API, where a campaign is a list.

Bodies are bare arrays with the number of pages in headers, numbers of a mailing are strings, its
statistics are a list of one, offsets are `+0000`, and a fifth of the opens is made by machines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables
from pipelines.sandbox.vendors import Vendor

KEY = "sandbox-9c41d0aa72"
Record = dict[str, Any]
_PAGE_TOKENS = "pages have numbers, and no token that could expire"
_LISTS = ("/v3/newsletters", "/v3/campaigns")


class GetResponse:
    """One account."""

    def __init__(self, tables: Tables, account_id: str = "pVKx2") -> None:
        self.account_id = account_id
        self._key = KEY
        self._last: Reply | None = None
        self._waiting: Fault | None = None
        names = sorted({row["list_id"] for row in [*tables.list_sizes, *tables.mailings]})
        self._ids = {name: f"L{number}" for number, name in enumerate(names, 1)}
        self._newsletters = {row["mailing_id"]: self._newsletter(row) for row in tables.mailings}
        self._statistics = {row["mailing_id"]: _statistics(row) for row in tables.mailings}
        self._sizes = {name: _sizes(tables.list_sizes, name) for name in names}

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        return {
            "mailings": (len(self._newsletters), 0),
            "list_sizes": (sum(len(rows) for rows in self._sizes.values()), 0),
        }

    def change(self, stream: str, records: int) -> None:
        """Of what was sent, only what is new still changes: the newest are sent now."""
        for each in self._sorted()[:records]:
            each["sendOn"] = _offset(dt.datetime.now(dt.UTC))
            self._statistics[each["newsletterId"]]["uniqueClicked"] += 1

    def remove(self, stream: str, records: int) -> None:
        for each in self._sorted()[-records:]:
            del self._newsletters[each["newsletterId"]]

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._key = "expired"
        if call.headers.get("x-auth-token") != f"api-key {self._key}":
            self._key = KEY
            return _wrong(401, 1014, "Unable to authenticate request. Check credentials")
        if fault is not None and fault.kind in ("repeat", "shift"):
            self._waiting = fault
        # Statistics have no pages: a fault of pages waits for the next list.
        fault = self._waiting if call.path in _LISTS else None
        if fault is not None:
            self._waiting = None
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        reply = self._answer(call)
        if fault is not None and fault.kind == "shift":
            self.remove("mailings", 1)
            self.change("mailings", 1)
        if call.path in _LISTS:
            self._last = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        if call.path == "/v3/accounts":
            return Reply({"accountId": self.account_id, "timeZone": {"name": "Europe/Amsterdam"}})
        if call.path == "/v3/newsletters":
            first = call.params.get("query[sendOn][from]", "")
            last = call.params.get("query[sendOn][to]", "~")
            found = [each for each in self._sorted() if first <= each["sendOn"][:10] <= last]
            return _page(call, [*found, self._draft()] if not first else found)
        if call.path == "/v3/newsletters/statistics":
            total = self._statistics.get(call.params.get("query[newsletterId]", ""))
            return _page(call, [] if total is None else [total])
        if call.path == "/v3/campaigns":
            made = "2020-01-01T08:00:00+0000"
            lists = [
                {"campaignId": each, "name": name, "createdOn": _first(self._sizes[name], made)}
                for name, each in self._ids.items()
            ]
            return _page(call, lists)
        if call.path == "/v3/campaigns/statistics/list-size":
            return self._list_size(call)
        return _wrong(404, 1013, "Resource not found")

    def _list_size(self, call: Call) -> Reply:
        asked = call.params.get("query[campaignId]")
        if not asked or call.params.get("query[groupBy]") != "day":
            return _wrong(400, 1000, "Validation error, see context section for more information")
        first, last = (call.params[f"query[createdOn][{end}]"] for end in ("from", "to"))
        [name] = [name for name, each in self._ids.items() if each == asked]
        rows = [row for row in self._sizes[name] if first <= row["createdOn"] <= last]
        return _page(call, rows)

    def _sorted(self) -> list[Record]:
        """Newest first."""
        return sorted(
            self._newsletters.values(),
            key=lambda each: (each["sendOn"], each["newsletterId"]),
            reverse=True,
        )

    def _newsletter(self, row: Row) -> Record:
        of = f"[{row['campaign']}]" if row["campaign"] else ""
        sent = str(row["sent"])
        return {
            "newsletterId": row["mailing_id"],
            "name": f"Mailing {row['mailing_id']} {of}".strip(),
            "type": "broadcast",
            "status": "enabled",
            "subject": "Nieuws van Noorderlicht",
            "campaign": {"campaignId": self._ids[row["list_id"]], "name": row["sender"]},
            "sendOn": _offset(row["sent_at"]),
            "createdOn": _offset(row["sent_at"] - dt.timedelta(days=1)),
            "flags": "openrate,clicktrack",
            "sendMetrics": {
                "status": "finished",
                "sent": sent,
                "total": sent,
                "delivered": str(row["delivered"]),
            },
        }

    def _draft(self) -> Record:
        return {"newsletterId": "d1", "name": "Concept", "type": "draft", "sendOn": None}


def _page(call: Call, found: list[Record]) -> Reply:
    try:
        number, size = int(call.params.get("page", 1)), int(call.params.get("perPage", 100))
    except ValueError:
        number = size = 0
    if number < 1 or not 1 <= size <= 1000:
        return _wrong(400, 1000, "Validation error, see context section for more information")
    headers = {
        "TotalCount": str(len(found)),
        "TotalPages": str(-(-len(found) // size)),
        "CurrentPage": str(number),
        "X-RateLimit-Limit": "30000",
        "X-RateLimit-Remaining": "29999",
        "X-RateLimit-Reset": "432 seconds",
    }
    return Reply(found[(number - 1) * size : number * size], headers=headers)


def _wrong(status: int, code: int, message: str) -> Reply:
    content = {
        "httpStatus": status,
        "code": code,
        "codeDescription": message,
        "message": message,
        "moreInfo": f"https://apidocs.getresponse.com/en/v3/errors/{code}",
        "context": {},
        "uuid": "62417847-4f12-4c25-9b3a-0b619a187efe",
    }
    return Reply(content, status)


def _offset(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _statistics(row: Row) -> Record:
    machines = min(row["unique_opens"] // 4, row["delivered"] - row["unique_opens"])
    return {
        "timeInterval": f"{_offset(row['sent_at'])}/P1M",
        "sent": row["sent"],
        "totalOpened": row["total_opens"] + 2 * machines,
        "uniqueOpened": row["unique_opens"] + machines,
        "totalHumanOpened": row["total_opens"],
        "uniqueHumanOpened": row["unique_opens"],
        "totalClicked": row["total_clicks"],
        "uniqueClicked": row["unique_clicks"],
        "unsubscribed": row["unsubscribes"],
        "bounced": row["bounces"],
        "complaints": 0,
    }


def _sizes(rows: list[Row], name: str) -> list[Record]:
    """By day: how many there are, and how many more or less than the day before."""
    found: list[Record] = []
    before = None
    for row in sorted(rows, key=lambda each: each["snapshot_date"]):
        if row["list_id"] != name:
            continue
        size = row["subscribers"]
        gained = 0 if before is None else size - before
        found.append(
            {
                "totalSubscribers": str(size),
                "addedSubscribers": str(max(gained, 0)),
                "removedSubscribers": str(max(-gained, 0)),
                "createdOn": row["snapshot_date"].isoformat(),
            }
        )
        before = size
    return found


def _first(rows: list[Record], otherwise: str) -> str:
    return f"{rows[0]['createdOn']}T00:00:00+0000" if rows else otherwise


VENDOR = Vendor(
    connector="getresponse",
    longest=("mailings", "/v3/newsletters"),
    pinned="account_id",
    quick={"KOERS_GETRESPONSE_REQUESTS_PER_SECOND": "1000000"},
    account=GetResponse,
    environment=lambda url: {
        "KOERS_GETRESPONSE_URL": url,
        "KOERS_GETRESPONSE_API_KEY": KEY,
    },
    lacks={
        "expired_page": _PAGE_TOKENS,
        "many": "each mailing takes a request, so no account has too many to hold in memory",
    },
)
