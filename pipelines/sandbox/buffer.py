"""A fake Buffer: GraphQL by POST, Relay pages, errors with status 200, budgets told in headers.

It knows the three queries that `connectors/buffer.py` writes, by their names, and refuses a query
whose variables are not right. Metrics come as numbers with a fraction, or not at all while the day
of the post is not over; a post that is deleted vanishes.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables, iso
from pipelines.sandbox.vendors import Vendor

TOKEN = "sandbox-buffer-key-91c4"  # noqa: S105 - opens the sandbox only
ORGANIZATION = "66f0c0ffee0000000000b001"
_SERVICES = {
    "LinkedIn": "linkedin",
    "Facebook": "facebook",
    "Instagram": "instagram",
    "X": "twitter",
}
_METRICS = {"impressions": "impressions", "reach": "reach", "clicks": "clicks"}
Record = dict[str, Any]


class Buffer:
    """One account with one organisation. budget: requests that are left in the 15 minutes, in 24
    hours and in 30 days."""

    def __init__(self, tables: Tables, account_id: str = "66f0c0ffee0000000000a001") -> None:
        self.account_id = account_id
        self.budget = {"15m": 1_000_000, "24h": 1_000_000, "30d": 1_000_000}
        self.errors: list[Record] = []
        self._token = TOKEN
        self._last: Reply | None = None
        profiles = sorted({(row["network"], row["profile"]) for row in tables.posts})
        self.channels = {
            profile: _channel(number, *profile) for number, profile in enumerate(profiles, 1)
        }
        posts = [_post(row, self.channels[row["network"], row["profile"]]) for row in tables.posts]
        self.posts = {each["id"]: each for each in posts}

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        return {"posts": (len(self.posts), 0), "channels": (len(self.channels), 0)}

    def change(self, stream: str, records: int) -> None:
        """The newest posts are sent now: those of the sample company may be older than any window,
        and then nobody looks at their metrics again."""
        now = iso(dt.datetime.now(dt.UTC))
        for post in self._in_order()[-records:]:
            self.posts[post["id"]] |= {"dueAt": now, "sentAt": now}
            self.posts[post["id"]]["metrics"][0]["value"] += 1

    def remove(self, stream: str, records: int) -> None:
        for post in self._in_order()[:records]:
            del self.posts[post["id"]]

    def _in_order(self) -> list[Record]:
        return sorted(self.posts.values(), key=lambda each: (each["dueAt"], each["id"]))

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._token = "expired"  # noqa: S105
        if call.headers.get("authorization") != f"Bearer {self._token}":
            self._token = TOKEN
            return _error("UNAUTHENTICATED", "An authentication JWT is required", status=401)
        for window in self.budget:
            if self.budget[window] <= 0:
                return self._too_many(window)
        self.budget = {window: left - 1 for window, left in self.budget.items()}
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        if self.errors:
            # Beside what was found, as GraphQL has it.
            return Reply({"data": {"posts": None}, "errors": self.errors}, headers=self._headers())
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and "posts" in reply.body["data"]:
            reply.body["data"]["posts"]["pageInfo"] = {"endCursor": fault.link, "hasNextPage": True}
        if fault is not None and fault.kind == "shift":
            self.remove("posts", 1)
            self.change("posts", 1)
        info = (reply.body["data"] or {}).get("posts", {}).get("pageInfo", {})
        if info.get("hasNextPage"):
            self._last = reply
        return reply

    def _headers(self) -> dict[str, str]:
        left = self.budget["15m"]
        return {
            "RateLimit": f'"100-in-15min";r={left};t=897, "250-in-24hours";r=9;t=80000',
            "RateLimit-Policy": '"100-in-15min";q=100;w=900;pk=:a:, '
            '"250-in-24hours";q=250;w=86400;pk=:a:',
        }

    def _too_many(self, window: str) -> Reply:
        if window == "15m":
            self.budget["15m"] = 100  # whoever comes back has waited
        hint = {"15m": "420", "24h": "40000", "30d": "900000"}[window]
        words = "Too many requests from this client. Please try again later."
        reply = _error("RATE_LIMIT_EXCEEDED", words, status=429, window=window)
        return replace(reply, headers={"Retry-After": hint})

    def _answer(self, call: Call) -> Reply:
        content = call.json()
        query, given = content.get("query", ""), content.get("variables", {})
        if call.method != "POST" or call.path not in ("/", "/graphql"):
            return _error("NOT_FOUND", "There is nothing here")
        if query.startswith("query Account"):
            organizations = [{"id": ORGANIZATION, "name": "Noorderlicht"}]
            account = {"id": self.account_id, "organizations": organizations}
            return self._good({"account": account})
        if given.get("organization") != ORGANIZATION:
            return _error("FORBIDDEN", "Not a member of this organization")
        channels = list(self.channels.values())
        if query.startswith("query Channels"):
            return self._good({"channels": channels})
        if not query.startswith("query Posts"):
            return _error(None, "Syntax Error: unknown query")
        short = [{"id": each["id"], "name": each["name"]} for each in channels]
        found = self._page(given)
        return found if isinstance(found, Reply) else self._good({"channels": short, **found})

    def _page(self, given: Record) -> Record | Reply:
        first, ends = given.get("first"), given.get("filter", {}).get("dueAt") or {}
        if not isinstance(first, int) or not 0 < first <= 100:
            return _error(None, "first must be between 1 and 100")
        if given["filter"].get("status") != ["sent"]:
            return _error(None, "the sandbox knows sent posts only")
        start, end = ends.get("start", ""), ends.get("end", "~")
        try:
            after = base64.b64decode(given.get("after") or "", validate=True).decode()
        except (ValueError, binascii.Error):
            return _error("UNEXPECTED", "the cursor cannot be read")
        posts = [
            each
            for each in self._in_order()
            if start <= each["dueAt"] <= end and f"{each['dueAt']}|{each['id']}" > after
        ]
        edges = [{"node": each} for each in posts[:first]]
        more = len(posts) > first
        last = f"{edges[-1]['node']['dueAt']}|{edges[-1]['node']['id']}" if edges else ""
        cursor = base64.b64encode(last.encode()).decode() or None
        return {"posts": {"edges": edges, "pageInfo": {"endCursor": cursor, "hasNextPage": more}}}

    def _good(self, data: Record) -> Reply:
        return Reply({"data": data}, headers=self._headers())


def _error(code: str | None, message: str, *, status: int = 200, window: str = "") -> Reply:
    extensions = {"code": code} if code else {}
    if window:
        extensions["window"] = window
    return Reply({"data": None, "errors": [{"message": message, "extensions": extensions}]}, status)


def _channel(number: int, network: str, profile: str) -> Record:
    return {
        "id": f"66f0c0ffee00000000c{number:05d}",
        "name": profile,
        "displayName": f"{profile} ({network})",
        "service": _SERVICES.get(network, network.lower()),
        "type": "page",
        "timezone": "Europe/London",
        "isDisconnected": False,
    }


def _post(row: Row, channel: Record) -> Record:
    sent = iso(row["published_at"])
    told = {kind: row[name] for kind, name in _METRICS.items()}
    # Two thirds of the engagements are reactions, and what is left of them comments and shares.
    reactions = row["engagements"] * 2 // 3
    told |= {"reactions": reactions, "comments": (row["engagements"] - reactions) // 2}
    told["shares"] = row["engagements"] - reactions - told["comments"]
    metrics = [{"type": kind, "value": float(value)} for kind, value in told.items()]
    rate = 100 * row["engagements"] / row["impressions"] if row["impressions"] else 0.0
    return {
        "id": f"66f0c0ffee{int(row['post_id']):014d}",
        "channelId": channel["id"],
        "channelService": channel["service"],
        "dueAt": sent,
        "sentAt": sent,
        "tags": [{"name": row["campaign"]}] if row["campaign"] else [],
        "metrics": [*metrics, {"type": "engagementRate", "value": round(rate, 2)}],
    }


def many_posts(tables: Tables, number: int) -> Tables:
    """So many posts, like those there are."""
    posts = [
        {**tables.posts[at % len(tables.posts)], "post_id": str(1_000_000 + at)}
        for at in range(number)
    ]
    return replace(tables, posts=posts)


VENDOR = Vendor(
    connector="buffer",
    longest=("posts", "/graphql"),
    pinned="account_id",
    quick={"KOERS_BUFFER_REQUESTS_PER_15_MINUTES": "1000000"},
    many=many_posts,
    account=Buffer,
    environment=lambda url: {
        "KOERS_BUFFER_URL": url,
        "KOERS_BUFFER_TOKEN": TOKEN,
    },
    lacks={
        "expired_page": "What an expired cursor answers is not documented, nor that one expires.",
        "measure_followers": "Numbers of followers are not in the API.",
        "measure_followers_growth": "Numbers of followers are not in the API.",
    },
)
