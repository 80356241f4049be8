"""Google Analytics 4: visits (sessions) per landing page, campaign and day, and key events per
event, campaign and day.

From the Data API (`properties/<id>:runReport`). A service account signs a request for an access
token, which comes from Google's token endpoint, another address than that of the data. All values
are texts, also numbers; a report without rows has no `rows`. Pages go by offset until `rowCount`.
Figures of the last days still move, so each pull reads those days again. Users are those of one
day, and cannot be added up over days. Days begin in the property's own time zone, which is landed
with each record, as is what Google warns of: thresholds, an `(other)` row, sampling.

Sources: Google's page on limits and quotas of the Data API (read by 2026-10) and Airbyte's expected
records of this source. Not verified: the path and the version, the largest page (250,000 rows), the
token endpoint and its answer, the words for a quota that is used up (`RESOURCE_EXHAUSTED`), which
dimensions may be asked for together, the headings of exports; the file that the screen of Google
Analytics exports has several tables in it and is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.core.api.auth import Auth
from connectors.core.api.client import Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.days import Calendar, Days
from connectors.core.api.declare import Api, Listing, Pull, Window
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page
from connectors.core.api.service_account import ServiceAccount
from connectors.core.api.values import Values, Variable, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream

CREDENTIALS = "KOERS_GA4_CREDENTIALS"
PROPERTY = "KOERS_GA4_PROPERTY"
URL = "KOERS_GA4_URL"
VERSION = "KOERS_GA4_API_VERSION"
TOKEN_URL = "KOERS_GA4_TOKEN_URL"  # noqa: S105 - the name of a variable
PAGE = "KOERS_GA4_ROWS_PER_PAGE"
CALENDAR = Calendar("KOERS_GA4_SINCE", "KOERS_GA4_LOOK_BACK_DAYS", "KOERS_GA4_TIME_ZONE")
VARIABLES = (
    Variable(
        CREDENTIALS,
        "JSON key of a service account; better as a file: KOERS_GA4_CREDENTIALS_FILE",
        secret=True,
        is_document=True,
    ),
    Variable(PROPERTY, "Number of the property, not its G-... measurement id"),
    Variable(URL, "Address of the API", default="https://analyticsdata.googleapis.com"),
    Variable(VERSION, "Version of the API", default="v1beta"),
    Variable(TOKEN_URL, "Where tokens come from", default="https://oauth2.googleapis.com/token"),
    *CALENDAR.variables(7),
    Variable(PAGE, "Rows of one answer", default="100000"),
)
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
LARGEST_PAGE = 250_000
_KEY_EVENTS_ONLY = {
    "filter": {
        "fieldName": "keyEvents",
        "numericFilter": {"operation": "GREATER_THAN", "value": {"int64Value": "0"}},
    }
}


@dataclass(frozen=True)
class _Report:
    """The rows of a report by the names of `columns`: of the dimensions, the first of which is the
    day, and then of the metrics. Their order is checked against the headers of the answer."""

    columns: Mapping[str, str]
    days: Days
    expect: Literal["json", "csv"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        if not isinstance(content, dict):
            raise MalformedError("is no report")
        rows = content.get("rows", [])
        if not isinstance(rows, list):
            raise MalformedError("has no list of rows")
        headers = _texts(content.get("dimensionHeaders"), "name")
        headers += _texts(content.get("metricHeaders"), "name")
        if rows and headers != list(self.columns):
            raise MalformedError("has other columns than were asked for")
        about = {"time_zone": at(content, "metadata.timeZone"), "warning": _warning(content)}
        records = [{**self._record(row), **about} for row in rows]
        self.days.check(records, next(iter(self.columns.values())))
        return content, records

    def _record(self, row: Json) -> dict[str, Json]:
        cells = _texts(at(row, "dimensionValues"), "value")
        cells += _texts(at(row, "metricValues"), "value")
        if len(cells) != len(self.columns):
            raise MalformedError("has a row of another width than its headers")
        record = dict(zip(self.columns.values(), cells, strict=True))
        day = next(iter(record))
        return {**record, day: _date(record[day])}


def _texts(items: Json, name: str) -> list[Json]:
    if not isinstance(items, list):
        return []
    return [item.get(name) if isinstance(item, dict) else None for item in items]


def _date(text: Json) -> Json:
    """`20260131` as `2026-01-31`. What is no date, such as `(other)`, stays what it is."""
    if isinstance(text, str) and re.fullmatch(r"[0-9]{8}", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def _warning(content: Json) -> str | None:
    """What makes the figures less than exact, in Google's own words."""
    told = content.get("metadata")
    if not isinstance(told, dict):
        return None
    names = ("subjectToThresholding", "dataLossFromOtherRow", "samplingMetadatas")
    return ", ".join(name for name in names if told.get(name)) or None


class _Offset:
    """The next rows, until there are as many as the answer says there are in all."""

    def next(self, request: Request, page: Page) -> Request | None:
        read = int(request.json["offset"]) + len(page.records)
        total, is_full = (
            at(page.content, "rowCount"),
            len(page.records) >= int(request.json["limit"]),
        )
        has_more = read < total if isinstance(total, int) else is_full
        return request.with_json(offset=str(read)) if has_more else None


def _pull(dimensions: Mapping[str, str], metrics: Mapping[str, str], only: Json = None) -> Pull:
    """The pull of a report: a list for each month. dimensions, metrics: Google's names, and those
    in the records. only: a filter of metrics."""

    def listings(values: Values, window: Window) -> Sequence[Listing]:
        size = max(1, whole_number(values, PAGE, LARGEST_PAGE))
        body = {
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
            "limit": str(size),
            "offset": "0",
            **({"metricFilter": only} if only else {}),
        }
        return [
            Listing(
                Request(
                    f"{_property(values)}:runReport",
                    method="POST",
                    json={
                        **body,
                        "dateRanges": [{"startDate": days.texts[0], "endDate": days.texts[1]}],
                    },
                ),
                _Report({**dimensions, **metrics}, days),
                _Offset(),
                size=size,
            )
            for days in CALENDAR.months(values, window)
        ]

    # What was counted once stays, but for the days that are read again: of those, all is read.
    return Pull(listings, listings, overlap=dt.timedelta(0), sweep=None, whole_days=True)


def _property(values: Mapping[str, str]) -> str:
    return f"/{values[VERSION]}/properties/{values[PROPERTY].removeprefix('properties/')}"


def _judge(response: Response) -> Verdict | None:
    """The budget of an hour or a day is used up; other refusals of that status pass."""
    if response.status != 429 or "json" not in response.content_type:
        return None
    try:
        status = at(response.json(), "error.status")
    except MalformedError:
        return None
    if status == "RESOURCE_EXHAUSTED":
        return Verdict("spent", "the property's quota of the hour or the day is used up")
    return None


def _auth(values: Values, clock: Clock) -> Auth:
    return ServiceAccount("ga4", values[CREDENTIALS], values[TOKEN_URL], SCOPE, clock, values.hide)


CONNECTOR = Connector(
    name="ga4",
    label="Google Analytics 4",
    kind="web",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        token_urls=lambda values: (values[TOKEN_URL],),
        auth=_auth,
        account=lambda values: (Request(f"{_property(values)}/metadata"), "name"),
        judge=_judge,
        version=VERSION,
        setup="Google Cloud: a service account with a JSON key, and the Google Analytics Data API "
        "switched on; Google Analytics > Admin > Property access: its address as Viewer.",
        parallel=2,
    ),
    streams=(
        Stream(
            name="visits",
            description="One row is one landing page and campaign on one day.",
            key=("page", "campaign", "visit_date"),
            activity="visit_date",
            fields=(
                Field("page", headings=("Landing page",), path="page", required=True),
                Field("campaign", headings=("Session campaign",), path="campaign"),
                Field("visit_date", "date", headings=("Date",), path="visit_date", required=True),
                Field("visits", "integer", headings=("Sessions",), path="visits"),
                Field("visitors", "integer", headings=("Total users",), path="visitors"),
                Field("time_zone", path="time_zone"),
                Field("warning", path="warning"),
            ),
            pull=_pull(
                {"date": "visit_date", "landingPage": "page", "sessionCampaignName": "campaign"},
                {"sessions": "visits", "totalUsers": "visitors"},
            ),
        ),
        Stream(
            name="conversions",
            description="One row is one key event and campaign on one day.",
            key=("goal", "campaign", "conversion_date"),
            activity="conversion_date",
            fields=(
                Field("goal", headings=("Event name",), path="goal", required=True),
                Field("campaign", headings=("Session campaign",), path="campaign"),
                Field(
                    "conversion_date",
                    "date",
                    headings=("Date",),
                    path="conversion_date",
                    required=True,
                ),
                Field("conversions", "decimal", headings=("Key events",), path="conversions"),
                Field("time_zone", path="time_zone"),
                Field("warning", path="warning"),
            ),
            pull=_pull(
                {
                    "date": "conversion_date",
                    "eventName": "goal",
                    "sessionCampaignName": "campaign",
                },
                {"keyEvents": "conversions"},
                _KEY_EVENTS_ONLY,
            ),
        ),
    ),
)
