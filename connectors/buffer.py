"""Buffer (social media): channels and sent posts with their metrics.

From the GraphQL API (one address, every query by POST), or from export files. Posts come 50 to a
page by `dueAt`, of all channels of an organisation at once, and with the channels beside them: a
small plan allows 100 requests in 15 minutes, 250 a day and 3,000 in 30 days. Metrics keep moving
and there is no filter by change, so each pull reads the last 90 days again. A post that is deleted
vanishes without a word: one that was due in those 90 days and is no longer listed counts as gone;
what is older stays as it was.

Errors come with status 200 and a list `errors`; then nothing of the answer is taken, however much
data stand beside it. A 429 names its window: `15m` passes, `24h` and `30d` end the pull.

The days of posts are those of the business time zone; a channel's own zone is landed with the
channel. A metric that the API does not give is null. A zero may mean that the network did not
report it: the API does not tell the two apart, so it is landed as told. Numbers of followers are
not in the API; the stream `profile_days` takes them from export files.

Sources: copies of Buffer's API reference (2026-08-13), schema (June 2026), limits and errors. Not
verified there: how many posts a page may hold (50 is asked for), whether `dueAt` is set on posts
that were shared at once (a window would not show those without it; the first pull does), whether
the ends of a window are included, whether a cursor outlives the post it points at, the headings of
export files (assumed; `mapping.yaml` overrides them). OAuth is not supported: its refresh tokens
work once only.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page
from connectors.core.api.values import Values, Variable, number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import RefusedError

TOKEN = "KOERS_BUFFER_TOKEN"  # noqa: S105 - the name of a variable
ORGANIZATION = "KOERS_BUFFER_ORGANIZATION"
CAMPAIGNS = "KOERS_BUFFER_CAMPAIGN_TAGS"
URL = "KOERS_BUFFER_URL"
BURST = "KOERS_BUFFER_REQUESTS_PER_15_MINUTES"

VARIABLES = (
    Variable(TOKEN, "Personal API key", secret=True),
    Variable(ORGANIZATION, "Organisation id, where the key opens several", optional=True),
    Variable(
        CAMPAIGNS,
        "Tags that name a campaign, separated by commas; else a post's first tag does",
        optional=True,
    ),
    Variable(URL, "Address of the API", default="https://api.buffer.com"),
    Variable(BURST, "Requests in 15 minutes", default="100"),
)
SIZE = 50
LOOK_BACK = dt.timedelta(days=90)
QUARTER = 900.0
_PATH = "/graphql"

_ACCOUNT = "query Account { account { id organizations { id name } } }"
_CHANNELS = """
query Channels($organization: OrganizationId!) {
  channels(input: {organizationId: $organization}) {
    id name displayName service type timezone isDisconnected
  }
}
""".strip()
_POSTS = """
query Posts(
  $organization: OrganizationId!, $first: Int!, $after: String, $filter: PostsFiltersInput!
) {
  channels(input: {organizationId: $organization}) { id name }
  posts(
    first: $first, after: $after,
    input: {
      organizationId: $organization, filter: $filter, sort: [{field: dueAt, direction: asc}]
    }
  ) {
    edges {
      node {
        id channelId channelService dueAt sentAt tags { name } metrics { type value }
      }
    }
    pageInfo { endCursor hasNextPage }
  }
}
""".strip()


def _query(text: str, variables: Mapping[str, Json] | None = None) -> Request:
    return Request(_PATH, method="POST", json={"query": text, "variables": variables or {}})


_ENDED = {"24h": "its requests of 24 hours", "30d": "its requests of 30 days"}
_DENIED = ("UNAUTHORIZED", "UNAUTHENTICATED", "FORBIDDEN")


def _judge(response: Response) -> Verdict | None:
    """Errors come with status 200, beside data or in their place; only 401 and 429 are a status."""
    if response.status not in (200, 429):
        return None
    try:
        errors = at(response.json(), "errors")
    except MalformedError:
        return None
    if not errors:
        return _quarter_is_over(response) if response.status == 200 else None
    first = errors[0] if isinstance(errors, list) else errors
    code, window = at(first, "extensions.code"), str(at(first, "extensions.window"))
    words = f"{code or 'an error without a code'} ({str(at(first, 'message'))[:200]})"
    if code == "RATE_LIMIT_EXCEEDED":
        if window in _ENDED:
            return Verdict("spent", f"{_ENDED[window]} are used up")
        # The general reading knows `Retry-After`.
        return None if response.status == 429 else Verdict("again", words, pause=True)
    if code in _DENIED:
        return Verdict("denied", words)
    if code == "UNEXPECTED":
        return Verdict("again", words)
    return Verdict("refused", words)


_POLICY = re.compile(r'"([^"]*)"((?:\s*;\s*\w+=[^;,]+)*)')


def _parameters(header: str) -> dict[str, dict[str, str]]:
    """`"a";r=98;t=897, "b";r=1;t=2` as parameters by name."""
    return {
        name: dict(part.strip().split("=", 1) for part in rest.split(";") if "=" in part)
        for name, rest in _POLICY.findall(header)
    }


def _quarter_is_over(response: Response) -> Verdict | None:
    """Whether this was the last request of the 15 minutes: then nobody asks until they are over.
    The windows are told by their length, since their names change with the plan."""
    windows = _parameters(response.headers.get("ratelimit-policy", ""))
    for name, left in _parameters(response.headers.get("ratelimit", "")).items():
        if windows.get(name, {}).get("w") == "900" and left.get("r") == "0":
            seconds = left.get("t", "")
            wait = min(float(seconds), QUARTER) if seconds.isdigit() else QUARTER
            return Verdict("good", wait=wait, pause=True)
    return None


@dataclass(frozen=True)
class _Posts:
    """The posts of a page with the name of their channel, their metrics by type and their campaign.

    campaigns: the tags that name one; where there are none, the first tag of a post does.
    """

    campaigns: frozenset[str]
    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        """See `Records`. Raises MalformedError."""
        content, edges = JsonRecords("data.posts.edges").of(response)
        _, channels = JsonRecords("data.channels").of(response)
        info = at(content, "data.posts.pageInfo")
        if not isinstance(at(info, "hasNextPage"), bool):
            raise MalformedError("does not say whether it is the last page")
        if info["hasNextPage"] and not info.get("endCursor"):
            raise MalformedError("says there is more, and not where")
        names = {str(at(each, "id")): at(each, "name") for each in channels}
        return content, [self._post(at(edge, "node"), names) for edge in edges]

    def _post(self, node: Json, names: Mapping[str, Json]) -> Json:
        if not isinstance(node, dict):
            raise MalformedError("holds an edge without a post")
        tags = [at(each, "name") for each in _list(node.get("tags"))]
        named = [tag for tag in map(str, filter(None, tags)) if self._is_campaign(tag)]
        return {
            **node,
            "profile": names.get(str(node.get("channelId"))) or node.get("channelId"),
            "metric": {
                str(at(each, "type")): at(each, "value") for each in _list(node.get("metrics"))
            },
            "campaign": named[0] if named else None,
        }

    def _is_campaign(self, tag: str) -> bool:
        return not self.campaigns or tag in self.campaigns


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


class _Relay:
    """Pages of a Relay connection, forwards."""

    def next(self, request: Request, page: Page) -> Request | None:
        info = at(page.content, "data.posts.pageInfo")
        if not info["hasNextPage"]:
            return None
        return request.with_json(
            variables={**request.json["variables"], "after": info["endCursor"]}
        )


def _organization(client: Client, values: Values) -> str:
    """The id of the organisation to read. Raises RefusedError where there are several to choose
    from, or none."""
    if values[ORGANIZATION]:
        return values[ORGANIZATION]
    content = client.send(_query(_ACCOUNT), check=JsonRecords("data.account.organizations").of)
    found = [each for each in at(content.json(), "data.account.organizations") if at(each, "id")]
    if len(found) != 1:
        shown = ", ".join(f"{each['id']} ({each.get('name')})" for each in found) or "none"
        raise RefusedError(
            f"buffer: the key opens {len(found)} organisations; set {ORGANIZATION} to one of: "
            f"{shown}"
        )
    return str(found[0]["id"])


def _with_organization(listing: Listing, values: Values) -> Listing:
    """The same list, which first looks up whose it is."""

    def prepare(client: Client) -> Request:
        found = {"organization": _organization(client, values)}
        return listing.request.with_json(variables={**listing.request.json["variables"], **found})

    return replace(listing, prepare=prepare)


def _milliseconds(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _posts(values: Values, window: Window) -> Sequence[Listing]:
    sent: dict[str, Json] = {"status": ["sent"]}
    if window.since is not None:
        ends = {"start": _milliseconds(window.since), "end": _milliseconds(window.until)}
        sent["dueAt"] = ends
    request = _query(_POSTS, {"first": SIZE, "after": None, "filter": sent})
    campaigns = frozenset(tag.strip() for tag in values[CAMPAIGNS].split(",") if tag.strip())
    return [_with_organization(Listing(request, _Posts(campaigns), _Relay(), size=SIZE), values)]


def _channels(values: Values, window: Window) -> Sequence[Listing]:
    return [_with_organization(Listing(_query(_CHANNELS), JsonRecords("data.channels")), values)]


def _auth(values: Values, clock: Clock) -> Auth:
    return Header("Authorization", f"Bearer {values[TOKEN]}")


def _metric(name: str, *headings: str) -> Field:
    return Field(name, "integer", headings=headings, path=f"metric.{name}")


_NETWORK = Field("network", headings=("Network", "Netwerk", "Service"), path="channelService")
_PROFILE = Field("profile", headings=("Channel", "Kanaal", "Profile", "Profiel"), path="profile")

CONNECTOR = Connector(
    name="buffer",
    label="Buffer",
    kind="social",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (_query(_ACCOUNT), "data.account.id"),
        limits=lambda values: (Limit(number(values, BURST), QUARTER),),
        judge=_judge,
        parallel=2,
        setup="Settings > API: make a personal API key, as a member of the organisation.",
    ),
    streams=(
        Stream(
            name="posts",
            description="One row is one sent post with its totals so far.",
            key=("post_id",),
            activity="published_at",
            fields=(
                Field("post_id", headings=("Post ID", "Bericht-ID"), path="id", required=True),
                replace(_NETWORK, required=True),
                replace(_PROFILE, required=True),
                Field("campaign", headings=("Campaign", "Campagne", "Tag"), path="campaign"),
                Field("due_at", "datetime", path="dueAt"),
                Field(
                    "published_at",
                    "datetime",
                    headings=("Sent at", "Published at", "Gepubliceerd op"),
                    path="sentAt",
                    required=True,
                ),
                _metric("impressions", "Impressions", "Vertoningen"),
                _metric("views", "Views", "Weergaven"),
                _metric("reach", "Reach", "Bereik"),
                _metric("clicks", "Clicks", "Kliks"),
                _metric("reactions", "Reactions"),
                _metric("comments", "Comments", "Opmerkingen"),
                _metric("shares", "Shares"),
                _metric("reposts", "Reposts"),
                _metric("quotes", "Quotes"),
            ),
            pull=Pull(_posts, _posts, overlap=LOOK_BACK, sweep=None, reconcile="due_at"),
        ),
        Stream(
            name="profile_days",
            description="One row is the number of followers of one profile at the end of one day.",
            key=("network", "profile", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                replace(_NETWORK, path="", required=True),
                replace(_PROFILE, path="", required=True),
                Field("snapshot_date", "date", headings=("Date", "Datum"), required=True),
                Field("followers", "integer", headings=("Followers", "Volgers"), required=True),
            ),
        ),
        Stream(
            name="channels",
            description="One row is one channel, as it is now, with its time zone.",
            key=("channel_id",),
            mode="full",
            fields=(
                Field("channel_id", headings=("Channel ID",), path="id", required=True),
                Field("network", path="service"),
                Field("profile", path="name"),
                Field("display_name", path="displayName"),
                Field("kind", path="type"),
                Field("time_zone", path="timezone"),
                Field("is_disconnected", path="isDisconnected"),
            ),
            pull=Pull(_channels),
        ),
    ),
)
