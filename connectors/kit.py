"""Kit, formerly ConvertKit (e-mail marketing): broadcasts with their statistics, and the size of
the account's one list by day.

Statistics come in one list where the plan has it (Pro), else with one request for each broadcast;
they move for weeks, so those of the last 30 days are read each time. Kit tells recipients, opens
(once per recipient), unsubscriptions and all clicks as numbers, and clickers only as a rate; it
tells neither bounces nor deliveries nor how often was opened, and those are null, not 0.

The growth of a day takes one request, in the account's time zone. `subscribers` in its answer may
be the number at the end of that day or the number now: which of them, the days beside it tell.

Sources: Kit's OpenAPI of version 4 and its pages on conventions and data retention (2026-08), the
documentation of version 3 on units. Not verified there: that rates of version 4 are percents (told
by each record, see staging), the sign of cancellations (taken without), `slim` (not used, since it
may leave the sender out), what an expired cursor answers, the headings of exports. The project
stands between square brackets in the description of a broadcast. From 2026-10-15 statistics are
kept for five years, so older broadcasts are not asked for; what is landed of them stays.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.names import in_brackets
from connectors.core.api.paging import OnePage, Page
from connectors.core.api.record import moment_of
from connectors.core.api.values import Values, Variable, number, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import CredentialsError, RefusedError

KEY = "KOERS_KIT_API_KEY"
URL = "KOERS_KIT_URL"
RATE = "KOERS_KIT_REQUESTS_PER_MINUTE"
HISTORY = "KOERS_KIT_DAYS_OF_GROWTH"

VARIABLES = (
    Variable(KEY, "API key (version 4)", secret=True),
    Variable(URL, "Address of the API", default="https://api.kit.com"),
    Variable(RATE, "An API key may ask 120 times in a minute", default="110"),
    Variable(HISTORY, "Days of list growth in the first pull, a request each", default="400"),
)
SIZE, BULK_SIZE = 50, 500
MOVING, CORRECTED, KEPT = dt.timedelta(days=30), dt.timedelta(days=3), dt.timedelta(days=5 * 365)
DAY = dt.timedelta(days=1)


def _auth(values: Values, clock: Clock) -> Auth:
    return Header("X-Kit-Api-Key", values[KEY])


def _judge(response: Response) -> Verdict | None:
    """Kit's own words stand in a list."""
    if response.status not in (400, 422):
        return None
    try:
        words = str((at(response.json(), "errors") or [""])[0])[:200]
    except (MalformedError, KeyError, IndexError):
        return None
    reason = f"HTTP {response.status} ({words})"
    return Verdict("expired" if "cursor" in words.lower() else "refused", reason)


class _Cursor:
    def next(self, request: Request, page: Page) -> Request | None:
        return _after(request, page.content)


def _after(request: Request, content: Json) -> Request | None:
    cursor = at(content, "pagination.end_cursor")
    if at(content, "pagination.has_next_page") is not True or not cursor:
        return None
    return request.with_params(after=str(cursor))


class _Statistics:
    """Of the broadcasts sent since a moment, asked for when the first is needed. Lists of Kit lag
    behind by minutes, so what is not in the list is asked for by its id."""

    def __init__(self, since: dt.datetime) -> None:
        self._since = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._listed: dict[str, Json] | None = None

    def of(self, client: Client, broadcast: Json) -> Json:
        """The statistics, {} where there are none."""
        if self._listed is None:
            try:
                self._listed = self._list(client)
            except (CredentialsError, RefusedError):  # the plan does not have the list
                self._listed = {}
        found = self._listed.get(str(broadcast["id"]))
        if found:
            return found
        try:
            answer = client.get(f"/v4/broadcasts/{broadcast['id']}/stats")
        except RefusedError:  # it was deleted a moment ago
            return {}
        return at(answer, "broadcast.stats") or {}

    def _list(self, client: Client) -> dict[str, Json]:
        found: dict[str, Json] = {}
        request: Request | None = Request("/v4/broadcasts/stats", {"per_page": str(BULK_SIZE)})
        while request is not None:
            content, records = client.read(request, "json", JsonRecords("broadcasts").of)
            new = {str(at(each, "id")): at(each, "stats") for each in records}
            moments = [moment_of(at(each, "send_at")) for each in records]
            # Newest first: after a page of older ones come only older ones.
            is_old = all(moment is not None and moment < self._since for moment in moments)
            request = None if is_old or new.keys() <= found.keys() else _after(request, content)
            found |= new
        return found


def _mailings(values: Values, window: Window) -> Sequence[Listing]:
    # A day earlier and later: the filters are days, and nothing says of which zone.
    since = max(window.since or window.until - KEPT, window.until - KEPT) - DAY
    days = {"sent_after": _day(since), "sent_before": _day(window.until + 2 * DAY)}
    statistics = _Statistics(since)

    def with_statistics(client: Client, broadcasts: Sequence[Json]) -> Iterator[Json]:
        for each in broadcasts:
            if isinstance(each, dict) and each.get("id") and _is_sent(each, window.until):
                project = in_brackets(each.get("description"))
                yield {**each, "project": project, "stats": statistics.of(client, each)}

    return (
        Listing(
            Request("/v4/broadcasts", {**days, "per_page": str(SIZE)}),
            JsonRecords("broadcasts"),
            _Cursor(),
            enrich=with_statistics,
            size=SIZE,
        ),
    )


def _is_sent(broadcast: Json, until: dt.datetime) -> bool:
    """Whether it is on its way: neither a draft nor planned."""
    moment = moment_of(broadcast.get("send_at"))
    if moment is None or broadcast.get("status") in ("draft", "scheduled"):
        return False
    return moment < until.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class _Account:
    """The account as a list of one."""

    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        if not isinstance(at(content, "account"), dict):
            raise MalformedError("holds no account")
        return content, [content["account"]]


def _list_sizes(values: Values, window: Window) -> Sequence[Listing]:
    history = dt.timedelta(days=whole_number(values, HISTORY, 36_500))

    def by_day(client: Client, accounts: Sequence[Json]) -> Iterator[Json]:
        for account in accounts:
            zone = _zone(account)
            today = window.until.astimezone(zone).date()
            day = window.since.astimezone(zone).date() if window.since else today - history
            day = max(day, today - history, _made(account, zone))
            told: list[Json] = []
            while day < today:
                asked = {"starting": day.isoformat(), "ending": day.isoformat()}
                answer = client.get("/v4/account/growth_stats", **asked)
                told.append({"day": day.isoformat(), **(at(answer, "stats") or {})})
                day += DAY
            for each in sizes_at_end(told):
                yield {**each, "account": account}

    return (Listing(Request("/v4/account"), _Account(), OnePage(), enrich=by_day, size=1),)


def sizes_at_end(days: Sequence[Json]) -> list[Json]:
    """The answers of consecutive days, with `subscribers` as at the end of each. Where that number
    hardly moves although the days tell of growth, it is the number of now, and what came later is
    taken off. Answers without whole numbers stay as they are."""
    told = [each.get("subscribers") for each in days]
    grew = [each.get("net_new_subscribers") for each in days]
    if len(days) < 2 or not all(type(number) is int for number in [*told, *grew]):
        return [dict(each) for each in days]
    steps = [after - before for before, after in itertools.pairwise(told)]
    if sum(map(abs, steps)) >= sum(
        abs(step - growth) for step, growth in zip(steps, grew[1:], strict=True)
    ):
        return [dict(each) for each in days]
    found, later = [], 0
    for each, growth in zip(reversed(days), reversed(grew), strict=True):
        found.append({**each, "subscribers": each["subscribers"] - later})
        later += growth
    return found[::-1]


def _zone(account: Json) -> dt.tzinfo:
    """Of the account: a name, or else an offset; UTC where it says neither."""
    try:
        return ZoneInfo(str(at(account, "timezone.name")))
    except (ValueError, OSError, LookupError):
        pass
    try:
        offset = str(at(account, "timezone.utc_offset"))
        found = dt.datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    except ValueError:
        found = None
    return found or dt.UTC


def _made(account: Json, zone: dt.tzinfo) -> dt.date:
    try:
        made = dt.datetime.fromisoformat(str(moment_of(at(account, "created_at"))))
    except ValueError:
        return dt.date.min
    return made.astimezone(zone).date()


def _day(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).date().isoformat()


CONNECTOR = Connector(
    name="kit",
    label="Kit",
    kind="email",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/v4/account"), "account.id"),
        limits=lambda values: (Limit(number(values, RATE), 60.0),),
        judge=_judge,
        setup="Settings > Developer > V4 keys: add a key.",
    ),
    streams=(
        Stream(
            name="mailings",
            description="One row is one broadcast with its totals so far.",
            key=("mailing_id",),
            activity="sent_at",
            fields=(
                Field("mailing_id", headings=("Broadcast ID",), path="id", required=True),
                Field("sender", headings=("From",), path="email_address"),
                Field("campaign", headings=("Project",), path="project"),
                Field("sent_at", "datetime", headings=("Sent at",), path="send_at", required=True),
                Field(
                    "recipients",
                    "integer",
                    headings=("Recipients",),
                    path="stats.recipients",
                    required=True,
                ),
                Field("opened", "integer", headings=("Opens",), path="stats.emails_opened"),
                Field("open_rate", "decimal", headings=("Open rate",), path="stats.open_rate"),
                Field("click_rate", "decimal", headings=("Click rate",), path="stats.click_rate"),
                Field("total_clicks", "integer", headings=("Clicks",), path="stats.total_clicks"),
                Field(
                    "unsubscribes",
                    "integer",
                    headings=("Unsubscribes",),
                    path="stats.unsubscribes",
                ),
                Field("opens_are_hidden", "boolean", path="stats.open_tracking_disabled"),
                Field("clicks_are_hidden", "boolean", path="stats.click_tracking_disabled"),
            ),
            pull=Pull(_mailings, _mailings, overlap=MOVING, sweep=None),
        ),
        Stream(
            name="list_sizes",
            description="One row is the size of the account's list at the end of one day.",
            key=("list_id", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                Field("list_id", headings=("Account",), path="account.id", required=True),
                Field("sender", headings=("From",), path="account.primary_email_address"),
                Field("snapshot_date", "date", headings=("Date",), path="day", required=True),
                Field(
                    "subscribers",
                    "integer",
                    headings=("Subscribers",),
                    path="subscribers",
                    required=True,
                ),
                Field("added", "integer", headings=("New",), path="new_subscribers"),
                Field("removed", "integer", headings=("Cancellations",), path="cancellations"),
            ),
            pull=Pull(_list_sizes, _list_sizes, overlap=CORRECTED, sweep=None),
        ),
    ),
)
