"""GetResponse (e-mail marketing): mailings with their statistics, and list sizes by day.

What GetResponse calls a campaign is a LIST; what it calls a newsletter is a mailing. The project of
a mailing stands between square brackets in its internal name: `Lente-actie [reactivatie]`.

Mailings are listed by the day they were sent, newest first, so that one more or one less at the far
end moves no page; each takes one request more for its statistics, since the answer does not say of
which newsletter it is. Statistics move for weeks: those of the last 30 days are read each time.
A day of a list is read once it is over, in UTC, as the vendor counts.

Sources: GetResponse's OpenAPI 3.2026-07-28 (newsletters, campaigns) and its own API guide. Not
verified there: the header `X-Domain` of MAX accounts, whether days without a change are listed,
how long a range of days may be (90 at a time are asked, fewer than fit a page by default), the
headings of export files. Removed mailings keep the figures they had.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, Enrich, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit, retry_after
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.names import in_brackets
from connectors.core.api.paging import Page
from connectors.core.api.record import moment_of
from connectors.core.api.values import Values, Variable, number
from connectors.core.contract import Connector, Field, FileFormat, Stream

KEY = "KOERS_GETRESPONSE_API_KEY"
URL = "KOERS_GETRESPONSE_URL"
DOMAIN = "KOERS_GETRESPONSE_DOMAIN"
RATE = "KOERS_GETRESPONSE_REQUESTS_PER_SECOND"

VARIABLES = (
    Variable(KEY, "API key", secret=True),
    Variable(
        URL,
        "Address of the API; MAX: https://api3.getresponse360.pl (EU) or .com (US)",
        default="https://api.getresponse.com",
    ),
    Variable(DOMAIN, "MAX only: the account's domain", optional=True),
    Variable(RATE, "30,000 in ten minutes are allowed, 80 in a second", default="45"),
)
SIZE = 50
"""Mailings on a page: few, since each takes a request of its own before the page is landed."""
MOVING = dt.timedelta(days=30)
CORRECTED = dt.timedelta(days=3)
DAYS_ASKED = 90
_SECONDS = re.compile(r"(\d+)( seconds?)?")


def _auth(values: Values, clock: Clock) -> Auth:
    domain = {"X-Domain": values[DOMAIN]} if values[DOMAIN] else {}
    return Header("X-Auth-Token", f"api-key {values[KEY]}", domain)


def _judge(response: Response) -> Verdict | None:
    """`Retry-After: 1` comes also where the window of ten minutes is spent; then the header that
    counts down to its end, as `432 seconds`, says how long to wait."""
    if response.status != 429 or response.headers.get("x-ratelimit-remaining") != "0":
        return None
    left = _SECONDS.fullmatch(response.headers.get("x-ratelimit-reset", "").strip())
    if left is None:
        return None
    hint = retry_after(response.headers.get("retry-after"), dt.datetime.now(dt.UTC))
    return Verdict("again", "HTTP 429", max(float(left[1]), hint or 0.0), pause=True)


class _Pages:
    """Numbered pages; a header says how many there are, or else a short page is the last."""

    def next(self, request: Request, page: Page) -> Request | None:
        number = int(request.params["page"])
        total = page.response.headers.get("totalpages", "")
        more = number < int(total) if total.isdigit() else len(page.records) >= SIZE
        return request.with_params(page=str(number + 1)) if more else None


@dataclass(frozen=True)
class _Total:
    """Statistics of one mailing: a list of one total, or of none."""

    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content, found = JsonRecords("").of(response)
        if len(found) > 1 or not all(isinstance(each, dict) for each in found):
            raise MalformedError(f"holds {len(found)} totals of one mailing")
        return content, found


def _mailings(values: Values, window: Window) -> Sequence[Listing]:
    params = {"sort[sendOn]": "desc", "sort[createdOn]": "desc"}
    if window.since is not None:
        # A day earlier and later: nothing says in which zone a day begins here.
        params["query[sendOn][from]"] = _day(window.since - dt.timedelta(days=1))
        params["query[sendOn][to]"] = _day(window.until + dt.timedelta(days=1))

    def with_statistics(client: Client, newsletters: Sequence[Json]) -> Iterator[Json]:
        for each in newsletters:
            if not isinstance(each, dict) or not _is_sent(each, window.until):
                continue
            asked = {"query[newsletterId]": str(each.get("newsletterId"))}
            _, found = client.read(
                Request("/v3/newsletters/statistics", {**asked, "query[groupBy]": "total"}),
                "json",
                _Total().of,
            )
            statistics = found[0] if found else {}
            sent = statistics.get("sent")
            yield {
                **each,
                "project": in_brackets(each.get("name")),
                "sent": at(each, "sendMetrics.sent") if sent is None else sent,
                "statistics": statistics,
            }

    return (_listing("/v3/newsletters", params, with_statistics),)


def _is_sent(newsletter: Json, until: dt.datetime) -> bool:
    """Whether it is on its way: neither a draft nor planned."""
    if newsletter.get("type") == "draft":
        return False
    moment = moment_of(newsletter.get("sendOn"))
    return moment is not None and moment < until.strftime("%Y-%m-%dT%H:%M:%SZ")


def _list_sizes(values: Values, window: Window) -> Sequence[Listing]:
    today = window.until.astimezone(dt.UTC).date()

    def by_day(client: Client, lists: Sequence[Json]) -> Iterator[Json]:
        for each in lists:
            for first, last in _ranges(_first_day(each, window), today):
                asked = {
                    "query[campaignId]": str(at(each, "campaignId")),
                    "query[groupBy]": "day",
                    "query[createdOn][from]": first.isoformat(),
                    "query[createdOn][to]": last.isoformat(),
                }
                request = Request("/v3/campaigns/statistics/list-size", asked)
                for row in client.read(request, "json", JsonRecords("").of)[1]:
                    day = str(at(row, "createdOn"))[:10]
                    # Today is not over; what names no day stays, so that staging refuses it.
                    if day != today.isoformat():
                        yield {**row, "createdOn": day, "campaign": each}

    return (_listing("/v3/campaigns", {"sort[createdOn]": "asc"}, by_day),)


def _first_day(campaign: Json, window: Window) -> dt.date:
    """Of a list, the day to read from: where it is older than the window, the window's."""
    until = window.until.astimezone(dt.UTC).date()
    since = window.since.astimezone(dt.UTC).date() if window.since else dt.date.min
    try:
        made = dt.date.fromisoformat(str(moment_of(at(campaign, "createdOn")))[:10])
    except ValueError:
        made = until - dt.timedelta(days=365)
    return max(since, made)


def _ranges(first: dt.date, until: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last days that together are all days from `first` and before `until`."""
    while first < until:
        last = min(first + dt.timedelta(days=DAYS_ASKED - 1), until - dt.timedelta(days=1))
        yield first, last
        first = last + dt.timedelta(days=1)


def _listing(path: str, params: Mapping[str, str], enrich: Enrich) -> Listing:
    request = Request(path, {**params, "perPage": str(SIZE), "page": "1"})
    return Listing(request, JsonRecords(""), _Pages(), enrich=enrich, size=SIZE)


def _day(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).date().isoformat()


def _count(name: str, heading: str, path: str, *, required: bool = False) -> Field:
    return Field(name, "integer", headings=(heading,), path=path, required=required)


CONNECTOR = Connector(
    name="getresponse",
    label="GetResponse",
    kind="email",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/v3/accounts"), "accountId"),
        limits=lambda values: (Limit(number(values, RATE), 1.0),),
        judge=_judge,
        setup="Tools > Integrations and API > API: generate a key.",
    ),
    streams=(
        Stream(
            name="mailings",
            description="One row is one mailing with its totals so far.",
            key=("mailing_id",),
            activity="sent_at",
            fields=(
                Field("mailing_id", headings=("Message ID",), path="newsletterId", required=True),
                Field("sender", headings=("List name",), path="campaign.name"),
                Field("list_id", headings=("List ID",), path="campaign.campaignId"),
                Field("campaign", headings=("Project",), path="project"),
                Field("sent_at", "datetime", headings=("Sent on",), path="sendOn", required=True),
                _count("sent", "Sent", "sent", required=True),
                _count("delivered", "Delivered", "sendMetrics.delivered"),
                _count("unique_opens", "Unique opens", "statistics.uniqueOpened"),
                _count("total_opens", "Total opens", "statistics.totalOpened"),
                _count("unique_human_opens", "Unique human opens", "statistics.uniqueHumanOpened"),
                _count("total_human_opens", "Total human opens", "statistics.totalHumanOpened"),
                _count("unique_clicks", "Unique clicks", "statistics.uniqueClicked"),
                _count("total_clicks", "Total clicks", "statistics.totalClicked"),
                _count("bounces", "Bounces", "statistics.bounced"),
                _count("unsubscribes", "Unsubscribes", "statistics.unsubscribed"),
            ),
            pull=Pull(_mailings, _mailings, overlap=MOVING, sweep=None),
        ),
        Stream(
            name="list_sizes",
            description="One row is the size of one list at the end of one day.",
            key=("list_id", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                Field("list_id", headings=("List ID",), path="campaign.campaignId", required=True),
                Field("sender", headings=("List name",), path="campaign.name"),
                Field("snapshot_date", "date", headings=("Date",), path="createdOn", required=True),
                _count("subscribers", "Subscribers", "totalSubscribers", required=True),
                _count("added", "Added", "addedSubscribers"),
                _count("removed", "Removed", "removedSubscribers"),
            ),
            pull=Pull(_list_sizes, _list_sizes, overlap=CORRECTED, sweep=None),
        ),
    ),
)
