"""Spotler Mail+ (e-mail marketing): mailings with their statistics and, if asked for, who got,
opened and clicked what; list sizes come from export files only.

From the API each mailing takes two requests: its details, for the sender, and its statistics, which
move for weeks, so those of the last 30 days are read each time. Interactions come by the moment
they changed, under an offset; pages overlap, so that one record less does not hide another.

A Dutch account writes export files with semicolons, cp1252, `dd-mm-jjjj` and a decimal comma. A
later export of the same mailing replaces the earlier one.

Sources: the vendor's introduction, clients of others made from its specification, one integration
in production. Not verified: whether opens and clicks are counted once per contact (taken so), the
zone of dates without an offset and their spelling (both are variables), the form of sender and
target group, limits, whether the last page names a next one, the headings of exports (assumed;
`mapping.yaml` overrides them). No answer says whose account it is: a variable names it.

The size of a list is not told: it would take all contacts of the account, of which only changes are
listed, and which lists a contact is on is a setting of each account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.core.api.auth import Auth, Signed
from connectors.core.api.client import Client
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, Request, at
from connectors.core.api.names import in_brackets
from connectors.core.api.paging import OnePage, Page
from connectors.core.api.record import moment_of
from connectors.core.api.values import Values, Variable, number, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import UnavailableError

KEY = "KOERS_SPOTLER_CONSUMER_KEY"
SECRET = "KOERS_SPOTLER_CONSUMER_SECRET"  # noqa: S105 - the name of a variable
ACCOUNT = "KOERS_SPOTLER_ACCOUNT"
URL = "KOERS_SPOTLER_URL"
ZONE = "KOERS_SPOTLER_TIME_ZONE"
DATES = "KOERS_SPOTLER_DATES"
HISTORY = "KOERS_SPOTLER_DAYS_OF_HISTORY"
INTERACTIONS = "KOERS_SPOTLER_INTERACTIONS"
RATE = "KOERS_SPOTLER_REQUESTS_PER_SECOND"
SIZE = "KOERS_SPOTLER_PAGE_SIZE"

VARIABLES = (
    Variable(KEY, "Consumer key"),
    Variable(SECRET, "Consumer secret", secret=True),
    Variable(ACCOUNT, "A name for the account, which keeps two accounts apart"),
    Variable(
        URL,
        "Address of the API",
        default="https://restapi.mailplus.nl/integrationservice-1.1.0",
    ),
    Variable(ZONE, "Zone of dates without an offset", default="Europe/Amsterdam"),
    Variable(DATES, "How the API takes dates: iso, or milliseconds", default="iso"),
    Variable(HISTORY, "Days that the first pull reads back", default="1100"),
    Variable(INTERACTIONS, "yes lands who opened and clicked (as HMAC)", default="no"),
    Variable(RATE, "The vendor tells no limit", default="5"),
    Variable(SIZE, "Interactions on a page, 11 to 10000", default="1000"),
)
MOVING, PART, DAY = dt.timedelta(days=30), dt.timedelta(days=30), dt.timedelta(days=1)
OVERLAP = 10
"""Records of a page that the next one shows again."""
KINDS = ("sent", "opened", "clicked", "bounced")


def _auth(values: Values, clock: Clock) -> Auth:
    return Signed(values[KEY], values[SECRET])


class _Offset:
    """The next page begins a few records before the end of this one."""

    def next(self, request: Request, page: Page) -> Request | None:
        after = at(page.content, "paging.after")
        if not at(page.content, "paging.next") or not page.records or type(after) is not int:
            return None
        following, now = after - OVERLAP, int(request.params["after"])
        if following > now:
            return request.with_params(after=str(following))
        if len(page.records) > OVERLAP:
            raise UnavailableError(f"spotler: the list at {request.path} does not go on")
        return None


def _mailings(values: Values, window: Window) -> Sequence[Listing]:
    """A list for each month, since a list of mailings comes whole."""
    zone = ZoneInfo(values[ZONE])
    until = window.until + DAY
    since = window.since or window.until - dt.timedelta(days=whole_number(values, HISTORY, 36_500))
    # A day earlier and later: nothing says in which zone the filter counts.
    start, parts = since - DAY, []
    while start < until:
        end = min(start + PART, until)
        parts.append({"fromDate": _date(start, values), "toDate": _date(end, values)})
        start = end

    def with_statistics(client: Client, mailings: Sequence[Json]) -> Iterator[Json]:
        for each in mailings:
            moment = _moment(at(each, "scheduledStartDate"), zone)
            if at(each, "type") == "SMS" or (moment or "") >= _z(window.until):
                continue
            path = f"/mailing/{quote(str(at(each, 'encryptedId')), safe='')}"
            detail, statistics = client.get(path), client.get(f"{path}/statistics")
            statistics = at(statistics, "statistics") or statistics
            yield {
                **each,
                "from": _name(at(detail, "sender")) or at(detail, "message.fromName"),
                "list": _name(at(detail, "targetGroup")),
                "project": in_brackets(at(each, "name")),
                "at": moment,
                "statistics": statistics,
                "bounces": _sum(
                    at(statistics, "hardbounceCount"), at(statistics, "softbounceCount")
                ),
            }

    return [
        Listing(Request("/mailing", part), JsonRecords(""), OnePage(), enrich=with_statistics)
        for part in parts
    ]


def _interactions(values: Values, window: Window) -> Sequence[Listing]:
    if values[INTERACTIONS].lower() not in ("yes", "ja", "true", "1"):
        return ()
    zone = ZoneInfo(values[ZONE])
    since = window.since or window.until - dt.timedelta(days=whole_number(values, HISTORY, 36_500))
    params = {
        "fromChangeDate": _date(since, values),
        "toChangeDate": _date(window.until + dt.timedelta(seconds=1), values),
        "pageSize": values[SIZE],
        "after": "0",
    }

    def of_kind(kind: str) -> Listing:
        def named(client: Client, records: Sequence[Json]) -> Iterator[Json]:
            for each in records:
                at_, changed = (_moment(at(each, n), zone) for n in ("date", "changeDate"))
                yield {**each, "kind": kind, "date": at_, "changeDate": changed}

        return Listing(
            Request(f"/mailing-interaction/{kind}", params),
            JsonRecords("interactions"),
            _Offset(),
            enrich=named,
            size=whole_number(values, SIZE, 10_000),
        )

    return [of_kind(kind) for kind in KINDS]


def _date(moment: dt.datetime, values: Values) -> str:
    if values[DATES] == "milliseconds":
        return str(int(moment.timestamp() * 1000))
    return moment.astimezone(ZoneInfo(values[ZONE])).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(value: Json, zone: ZoneInfo) -> str | None:
    """In UTC, from milliseconds or ISO 8601; without an offset it is in the zone. What is none of
    these stays its text."""
    text = moment_of(value)
    try:
        moment = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return text
    return text if moment.tzinfo else moment_of(moment.replace(tzinfo=zone).isoformat())


def _z(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(value: Json) -> str | None:
    """Of a sender or target group, which is a text or an object with a name."""
    found = at(value, "name") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _sum(*counts: Json) -> Json:
    """Null where one is unknown; what is no number stays, so that staging refuses it."""
    if any(each is None for each in counts):
        return None
    try:
        return sum(int(each) for each in counts)
    except (TypeError, ValueError):
        return "+".join(map(str, counts))


def _count(
    name: str, headings: tuple[str, ...], path: str = "", *, required: bool = False
) -> Field:
    return Field(name, "integer", headings=headings, path=path, required=required)


CONNECTOR = Connector(
    name="spotler",
    label="Spotler Mail+",
    kind="email",
    file_format=FileFormat(encoding="cp1252", delimiter=";", decimal=",", date="dd-mm-yyyy"),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/contact/properties/list"), ""),
        named=ACCOUNT,
        limits=lambda values: (Limit(number(values, RATE), 1.0),),
        setup="Ask for API access: a consumer key and secret of the Mail+ account.",
    ),
    streams=(
        Stream(
            name="mailings",
            description="One row is one mailing with its totals so far.",
            key=("mailing_id",),
            activity="sent_at",
            fields=(
                Field(
                    "mailing_id",
                    headings=("Mailing-ID", "Mailing ID"),
                    path="encryptedId",
                    required=True,
                ),
                Field("sender", headings=("Afzender", "Account", "Sender"), path="from"),
                Field("list_id", headings=("Lijst", "List"), path="list"),
                Field("campaign", headings=("Campagne", "Campaign"), path="project"),
                Field(
                    "sent_at",
                    "datetime",
                    headings=("Verzonden op", "Sent on"),
                    path="at",
                    required=True,
                ),
                _count("sent", ("Verzonden", "Sent"), "statistics.sentCount", required=True),
                _count(
                    "delivered",
                    ("Afgeleverd", "Delivered"),
                    "statistics.acceptedCount",
                    required=True,
                ),
                _count("unique_opens", ("Unieke opens", "Unique opens"), "statistics.openCount"),
                _count("total_opens", ("Totaal opens", "Total opens")),
                _count("unique_clicks", ("Unieke kliks", "Unique clicks"), "statistics.clickCount"),
                _count("total_clicks", ("Totaal kliks", "Total clicks")),
                _count("bounces", ("Bounces",), "bounces"),
                _count(
                    "unsubscribes",
                    ("Afmeldingen", "Unsubscribes"),
                    "statistics.unsubscribeCount",
                ),
            ),
            pull=Pull(_mailings, _mailings, overlap=MOVING, sweep=None),
        ),
        Stream(
            name="list_sizes",
            description="One row is the size of one list at the end of one day.",
            key=("list_id", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                Field("list_id", headings=("Lijst", "List"), required=True),
                Field("sender", headings=("Afzender", "Account", "Sender")),
                Field("snapshot_date", "date", headings=("Datum", "Date"), required=True),
                _count("subscribers", ("Aantal abonnees", "Subscribers"), required=True),
            ),
        ),
        Stream(
            name="interactions",
            description="One row is a mail sent to, opened or clicked by a contact, or bounced; the"
            " contact is a keyed HMAC.",
            key=("kind", "interaction_id"),
            updated_at="changed_at",
            activity="happened_at",
            fields=(
                Field("kind", path="kind", required=True),
                Field("interaction_id", path="id", required=True),
                Field("contact_id", path="externalContactId", personal=True),
                Field("mailing_id", path="encryptedMailingId"),
                Field("happened_at", "datetime", path="date"),
                Field("changed_at", "datetime", path="changeDate"),
                Field("bounce_type", path="bounceType"),
            ),
            pull=Pull(_interactions, _interactions, overlap=DAY, sweep=None),
        ),
    ),
)
