"""A fake Plausible: the Stats API, version 2. Rows are arrays in the order of the request, days
without visits are left out, and a 429 has no hint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.statistics import LACKS, WebStatistics
from pipelines.sandbox.tables import Tables, lately, many_visits
from pipelines.sandbox.vendors import Vendor

KEY = "sandbox-plausible-8c1f0a"
_COLUMNS = {
    "time:day": ("visit_date", "conversion_date"),
    "visit:entry_page": ("page",),
    "event:goal": ("goal",),
    "visit:utm_campaign": ("campaign",),
    "visits": ("visits",),
    "visitors": ("visitors",),
    "events": ("conversions",),
}


class Plausible(WebStatistics):
    """One site."""

    def __init__(self, tables: Tables, site: str = "noorderlicht.example") -> None:
        super().__init__(tables)
        self.site = site
        self._key = KEY
        self._last: Reply | None = None

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._key = "expired"
        if call.headers.get("authorization") != f"Bearer {self._key}":
            self._key = KEY
            return Reply({"error": "Invalid API key or site ID."}, 401)
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        if fault is not None and fault.kind == "shift":
            self.change("visits", 1)
        if call.method != "POST" or call.path != "/api/v2/query":
            return Reply({"error": "not found"}, 404)
        self._last = self._query(call.json())
        return self._last

    def _query(self, query: dict[str, Any]) -> Reply:
        told = {"site_id": self.site, "metrics": query["metrics"], "filters": []}
        if query["date_range"] == "day":
            return Reply({"results": [{"metrics": [0], "dimensions": []}], "query": told})
        first, last = query["date_range"]
        dimensions, metrics = query["dimensions"], query["metrics"]
        rows = self.between("conversions" if "event:goal" in dimensions else "visits", first, last)
        page = query["pagination"]
        if not 0 < page["limit"] <= 10_000:
            return Reply({"error": "#/pagination/limit: must be at most 10000"}, 400)
        results = [
            {
                "dimensions": [_cell(row, name) for name in dimensions],
                "metrics": [_cell(row, name) for name in metrics],
            }
            for row in rows
        ]
        results.sort(key=lambda each: each["dimensions"])
        part = results[page["offset"] : page["offset"] + page["limit"]]
        return Reply({"results": part, "meta": {"total_rows": len(results)}, "query": told})


def _cell(row: Mapping[str, Any], name: str) -> Any:
    value = next(row[column] for column in _COLUMNS[name] if column in row)
    if name == "time:day":
        return value.isoformat()
    return "(not set)" if value is None else value


VENDOR = Vendor(
    connector="plausible",
    longest=("visits", "/v2/query"),
    pinned="site",
    quick={
        "KOERS_PLAUSIBLE_REQUESTS_PER_HOUR": "1000000",
        "KOERS_PLAUSIBLE_ROWS_PER_PAGE": "60",
        "KOERS_PLAUSIBLE_SINCE": "5",
    },
    many=many_visits,
    lately=lately,
    account=Plausible,
    environment=lambda url: {
        "KOERS_PLAUSIBLE_URL": url,
        "KOERS_PLAUSIBLE_KEY": KEY,
        "KOERS_PLAUSIBLE_SITE": "noorderlicht.example",
    },
    lacks=LACKS,
)
