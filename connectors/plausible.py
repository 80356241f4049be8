"""Plausible (web analytics): visits per entry page, campaign and day, and conversions per goal,
campaign and day.

From the Stats API, version 2 (`POST /api/v2/query`), of plausible.io or a server of one's own. A
row is two arrays in the order of the request: dimensions and metrics. Pages go by limit and offset,
and the number of all rows says whether they are all there. Figures of the last days still move, so
each pull reads those days again. Visitors are those of one day, and cannot be added up over days.

Sources: Plausible's pages on the Stats API v2 and a mirror of its schema of requests (read by
2026-10); 600 requests an hour for a key, without any header about it, seen in August 2026. Not
verified: that the answer repeats `query.site_id` (without it the account is not accepted), the
largest page, `meta.total_rows` (without it a page that is not full is the last), how a missing
campaign is written (`(not set)`, null and an empty text are taken as none), headings of exports.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.days import Calendar, Days
from connectors.core.api.declare import Api, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page
from connectors.core.api.values import Values, Variable, number, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream

KEY = "KOERS_PLAUSIBLE_KEY"
SITE = "KOERS_PLAUSIBLE_SITE"
URL = "KOERS_PLAUSIBLE_URL"
PAGE = "KOERS_PLAUSIBLE_ROWS_PER_PAGE"
PER_HOUR = "KOERS_PLAUSIBLE_REQUESTS_PER_HOUR"
CALENDAR = Calendar(
    "KOERS_PLAUSIBLE_SINCE", "KOERS_PLAUSIBLE_LOOK_BACK_DAYS", "KOERS_PLAUSIBLE_TIME_ZONE"
)
VARIABLES = (
    Variable(KEY, "Stats API key", secret=True),
    Variable(SITE, "The site, as Plausible names it: example.nl"),
    Variable(URL, "Address of plausible.io or your own server", default="https://plausible.io"),
    *CALENDAR.variables(3),
    Variable(PAGE, "Rows of one answer", default="10000"),
    Variable(PER_HOUR, "Requests in an hour that the key may make", default="600"),
)
LARGEST_PAGE = 10_000
_PATH = "/api/v2/query"


@dataclass(frozen=True)
class _Rows:
    """Rows of two arrays, by the names that their places have in the records; the first dimension
    is the day."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    days: Days
    expect: Literal["json", "csv"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        rows = at(content, "results")
        if not isinstance(rows, list):
            raise MalformedError("has no list of results")
        records = [self._record(row) for row in rows]
        self.days.check(records, self.dimensions[0])
        return content, records

    def _record(self, row: Json) -> Json:
        found, counted = at(row, "dimensions"), at(row, "metrics")
        if not isinstance(found, list) or not isinstance(counted, list):
            raise MalformedError("has a row without dimensions and metrics")
        if len(found) != len(self.dimensions) or len(counted) != len(self.metrics):
            raise MalformedError("has a row of another width than was asked for")
        return dict(zip((*self.dimensions, *self.metrics), (*found, *counted), strict=True))


class _Offset:
    """The next rows, until there are as many as the answer says there are in all."""

    def next(self, request: Request, page: Page) -> Request | None:
        asked = request.json["pagination"]
        read = asked["offset"] + len(page.records)
        total = at(page.content, "meta.total_rows")
        is_full = len(page.records) >= asked["limit"]
        has_more = read < total if isinstance(total, int) else is_full
        if not has_more:
            return None
        return request.with_json(pagination={**asked, "offset": read})


def _pull(names: Sequence[str], dimensions: Sequence[str], metrics: Sequence[str]) -> Pull:
    """The pull of a report: a list for each month. names: of the dimensions and metrics in the
    records, in this order."""

    def listings(values: Values, window: Window) -> Sequence[Listing]:
        size = max(1, whole_number(values, PAGE, LARGEST_PAGE))
        query = {
            "site_id": values[SITE],
            "metrics": list(metrics),
            "dimensions": list(dimensions),
            "order_by": [[dimension, "asc"] for dimension in dimensions],
            "include": {"total_rows": True},
            "pagination": {"limit": size, "offset": 0},
        }
        width = len(dimensions)
        return [
            Listing(
                Request(_PATH, method="POST", json={**query, "date_range": list(days.texts)}),
                _Rows(tuple(names[:width]), tuple(names[width:]), days),
                _Offset(),
                size=size,
            )
            for days in CALENDAR.months(values, window)
        ]

    # What was counted once stays, but for the days that are read again: of those, all is read.
    return Pull(listings, listings, overlap=dt.timedelta(0), sweep=None, whole_days=True)


def _judge(response: Response) -> Verdict | None:
    """A 429 has no hint, and the hour that it is about may be long."""
    if response.status == 429 and "retry-after" not in response.headers:
        return Verdict("again", "HTTP 429: more requests than the key may make", pause=True)
    return None


def _auth(values: Values, clock: Clock) -> Auth:
    return Header("Authorization", f"Bearer {values[KEY]}")


def _account(values: Mapping[str, str]) -> tuple[Request, str]:
    body = {"site_id": values[SITE], "metrics": ["visitors"], "date_range": "day"}
    return Request(_PATH, method="POST", json=body), "query.site_id"


def _per_hour(values: Mapping[str, str]) -> Sequence[Limit]:
    return (Limit(number(values, PER_HOUR), 3_600.0),)


CONNECTOR = Connector(
    name="plausible",
    label="Plausible",
    kind="web",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=_account,
        limits=_per_hour,
        judge=_judge,
        setup="Account settings > API keys > New API key: Stats API.",
        parallel=2,
    ),
    streams=(
        Stream(
            name="visits",
            description="One row is one entry page and campaign on one day.",
            key=("page", "campaign", "visit_date"),
            activity="visit_date",
            fields=(
                Field("page", headings=("entry_page", "Entry page"), path="page", required=True),
                Field("campaign", headings=("utm_campaign", "UTM campaign"), path="campaign"),
                Field("visit_date", "date", headings=("Date",), path="visit_date", required=True),
                Field("visits", "integer", headings=("entrances", "Visits"), path="visits"),
                Field("visitors", "integer", headings=("Visitors",), path="visitors"),
            ),
            pull=_pull(
                ("visit_date", "page", "campaign", "visits", "visitors"),
                ("time:day", "visit:entry_page", "visit:utm_campaign"),
                ("visits", "visitors"),
            ),
        ),
        Stream(
            name="conversions",
            description="One row is one goal and campaign on one day.",
            key=("goal", "campaign", "conversion_date"),
            activity="conversion_date",
            fields=(
                Field("goal", headings=("Goal",), path="goal", required=True),
                Field("campaign", headings=("utm_campaign", "UTM campaign"), path="campaign"),
                Field(
                    "conversion_date",
                    "date",
                    headings=("Date",),
                    path="conversion_date",
                    required=True,
                ),
                Field("conversions", "integer", headings=("Conversions",), path="conversions"),
            ),
            pull=_pull(
                ("conversion_date", "goal", "campaign", "conversions"),
                ("time:day", "event:goal", "visit:utm_campaign"),
                ("events",),
            ),
        ),
    ),
)
