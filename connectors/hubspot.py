"""HubSpot (CRM): contacts, companies, deals, line items, owners, teams, stages, activities,
feedback.

From the API, or from export files dropped in the inbox; both land in the same streams.

The first pull and the weekly sweep read the lists, active and archived (`GET .../objects/{type}`,
100 a page). Every other pull searches for what changed (`POST .../search`, 200 a page) and reads
the archived list again, since a search never shows what is archived. A search gives 10,000 results
at most and pages by offset, which skips records that change meanwhile: so each page is a new search
for greater ids within the same window, without an offset.

Calls and meetings are one stream: both are engagements, and the id of an engagement says which one
it is without its type, so no call has the id of a meeting.

Sources: HubSpot's public API specification collection (2026-08-21); its usage guidelines and
error-handling pages; its overview of the engagements API (ids). Not verified there: that a list
page may hold 100 records, how long archived records stay listed, the headings of export files. All
property names are settings where accounts differ. Service keys are the way in: new accounts can
make no private apps since 2026-09-28.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from connectors.core.api.auth import Auth, Header, OAuth
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, Enrich, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page, Paginator, Token
from connectors.core.api.values import Values, Variable, number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import CredentialsError

TOKEN = "KOERS_HUBSPOT_TOKEN"  # noqa: S105 - the name of a variable
CLIENT_ID = "KOERS_HUBSPOT_CLIENT_ID"
CLIENT_SECRET = "KOERS_HUBSPOT_CLIENT_SECRET"  # noqa: S105
REFRESH_TOKEN = "KOERS_HUBSPOT_REFRESH_TOKEN"  # noqa: S105
BASE_URL = "KOERS_HUBSPOT_URL"
VERSION = "KOERS_HUBSPOT_API_VERSION"
BURST = "KOERS_HUBSPOT_REQUESTS_PER_10_SECONDS"
CAMPAIGN = "KOERS_HUBSPOT_CAMPAIGN_PROPERTY"
MARKET = "KOERS_HUBSPOT_MARKET_PROPERTY"
ORIGIN = "KOERS_HUBSPOT_ORIGIN_PROPERTY"

LIST_SIZE, SEARCH_SIZE, BATCH_SIZE = 100, 200, 100

VARIABLES = (
    Variable(TOKEN, "Service key or private-app token", secret=True, optional=True),
    Variable(CLIENT_ID, "OAuth app: client id, instead of a token", optional=True),
    Variable(CLIENT_SECRET, "OAuth app: client secret", secret=True, optional=True),
    Variable(REFRESH_TOKEN, "OAuth app: refresh token", secret=True, optional=True),
    Variable(BASE_URL, "Address of the API", default="https://api.hubapi.com"),
    Variable(VERSION, "v3, or a dated version such as 2026-09", default="v3"),
    Variable(BURST, "The account's limit: 100 (Free, Starter) or 190", default="100"),
    Variable(CAMPAIGN, "Property that names the campaign", default="campaign"),
    Variable(MARKET, "Property of deals that names the market or country", default="market"),
    Variable(
        ORIGIN, "Property that holds a deal's id in the CRM before: pipedrive:42", default="origin"
    ),
)


def _path(v3: str, dated: str) -> Callable[[Mapping[str, str]], str]:
    return lambda values: (
        v3 if values[VERSION] == "v3" else dated.replace("{version}", values[VERSION])
    )


def _objects(values: Mapping[str, str], kind: str) -> str:
    found = _path("/crm/v3/objects/", "/crm/objects/{version}/")(values)
    return found + kind


def _auth(values: Values, clock: Clock) -> Auth:
    if values[TOKEN]:
        return Header("Authorization", f"Bearer {values[TOKEN]}")
    if not all(values[name] for name in (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN)):
        raise CredentialsError(
            f"hubspot: set {TOKEN}, or all of {CLIENT_ID}, {CLIENT_SECRET} and {REFRESH_TOKEN}"
        )
    grant = {
        "grant_type": "refresh_token",
        "client_id": values[CLIENT_ID],
        "client_secret": values[CLIENT_SECRET],
        "refresh_token": values[REFRESH_TOKEN],
    }
    path = _path("/oauth/v1/token", "/oauth/{version}/token")(values)
    return OAuth(path, grant, clock, values.hide)


def _judge(response: Response) -> Verdict | None:
    """HubSpot names the limit that was hit in the body, and gives no `Retry-After`."""
    if response.status == 477:  # the account is being moved to another data centre
        return Verdict("again", "HTTP 477, the account is being moved")
    if response.status == 423:
        return Verdict("again", "HTTP 423, locked", 2.0)
    if response.status != 429:
        return None
    try:
        policy = str(at(response.json(), "policyName"))
    except MalformedError:
        return None
    if policy == "DAILY":
        return Verdict("spent", "the account's requests of today are used up")
    wait = 1.0 if policy == "SECONDLY" else 10.0
    return Verdict("again", f"HTTP 429, {policy}", wait, pause=policy != "SECONDLY")


@dataclass(frozen=True)
class _Found:
    """A page of a search: `total` tells whether it is whole, and ids must rise, or the next page
    would skip what is between."""

    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content, records = JsonRecords("results").of(response)
        total = at(content, "total")
        if not isinstance(total, int) or (records == [] and total > 0):
            raise MalformedError("does not say how many results there are, or leaves them out")
        ids = [int(_id(record)) for record in records]
        if ids != sorted(set(ids)):
            raise MalformedError("is not in the order of the ids that was asked for")
        return content, records


class _GreaterIds:
    """The next page is a search for ids above the last one."""

    def next(self, request: Request, page: Page) -> Request | None:
        if len(page.records) >= at(page.content, "total"):
            return None
        [group] = request.json["filterGroups"]
        filters = [f for f in group["filters"] if f["propertyName"] != "hs_object_id"]
        last = {"propertyName": "hs_object_id", "operator": "GT", "value": _id(page.records[-1])}
        return request.with_json(filterGroups=[{"filters": [*filters, last]}])


def _id(record: Json) -> str:
    found = at(record, "id")
    if not str(found).isdigit():
        raise MalformedError("holds a record without an id")
    return str(found)


def _properties(fields: Sequence[Field], values: Mapping[str, str]) -> list[str]:
    paths = (field.path.format_map(values) for field in fields)
    named = {p.removeprefix("properties.") for p in paths if p.startswith("properties.")}
    return sorted(named | {"hs_merged_object_ids"})


def _merged(client: Client, records: Sequence[Json]) -> Iterable[Json]:
    """A record that was merged into another vanishes from every list without a word, so the winner
    tells: its losers follow the page as deletions."""
    found = list(records)
    for record in records:
        properties = record.get("properties") or {}
        losers = properties.get("hs_merged_object_ids")
        for loser in str(losers).split(";") if losers else ():
            if loser.strip().isdigit():
                found.append({"id": loser.strip(), "properties": properties, "is_merged": True})
    return found


def _is_merged(record: Json) -> bool:
    return bool(record.get("is_merged"))


def _linked(kind: str, to: str, values: Mapping[str, str]) -> Enrich:
    """Adds `linked`, the id of the first associated object: lists give it with the record, and
    searches never do."""
    path = _path(
        f"/crm/v4/associations/{kind}/{to}/batch/read",
        f"/crm/associations/{{version}}/{kind}/{to}/batch/read",
    )(values)

    def enrich(client: Client, records: Sequence[Json]) -> Iterator[Json]:
        asked = [r["id"] for r in records if "associations" not in r and not _is_merged(r)]
        found: dict[str, str] = {}
        for start in range(0, len(asked), BATCH_SIZE):
            inputs = [{"id": each} for each in asked[start : start + BATCH_SIZE]]
            answer = client.send(Request(path, method="POST", json={"inputs": inputs})).json()
            for result in at(answer, "results") or []:
                if to_ids := [each["toObjectId"] for each in result.get("to") or []]:
                    found[str(result["from"]["id"])] = str(min(to_ids))
        for record in _merged(client, records):
            inline = at(record, f"associations.{to}.results") or at(
                record, f"associations.{to.replace('_', ' ')}.results"
            )
            ids = [int(each["id"]) for each in inline or []]
            linked = str(min(ids)) if ids else found.get(record["id"])
            yield {**record, "linked": linked}

    return enrich


def _pull(
    kinds: Sequence[str],
    fields: Sequence[Field],
    *,
    modified: str = "hs_lastmodifieddate",
    linked: str = "",
    needs: str,
    optional: bool = False,
) -> Pull:
    """The pull of a stream of CRM objects, of one or more kinds."""

    def enrich(kind: str, values: Mapping[str, str]) -> Enrich:
        return _linked(kind, linked, values) if linked else _merged

    def listing(kind: str, values: Values, archived: bool) -> Listing:
        params = {
            "limit": str(LIST_SIZE),
            "archived": str(archived).lower(),
            "properties": ",".join(_properties(fields, values)),
        }
        if linked:
            params["associations"] = linked
        pages: Paginator = Token("paging.next.after", "after")
        return Listing(
            Request(_objects(values, kind), params),
            JsonRecords("results"),
            pages,
            deleted=archived,
            is_deleted=None if archived else _is_merged,
            enrich=enrich(kind, values),
            size=LIST_SIZE,
        )

    def search(kind: str, values: Values, window: Window) -> Listing:
        filters = [
            {"propertyName": modified, "operator": "LT", "value": _milliseconds(window.until)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": "0"},
        ]
        if window.since is not None:
            since = {"operator": "GTE", "value": _milliseconds(window.since)}
            filters.insert(0, {"propertyName": modified, **since})
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": _properties(fields, values),
            "limit": SEARCH_SIZE,
        }
        return Listing(
            Request(_objects(values, kind) + "/search", method="POST", json=body),
            _Found(),
            _GreaterIds(),
            is_deleted=_is_merged,
            enrich=enrich(kind, values),
            size=SEARCH_SIZE,
        )

    def everything(values: Values, window: Window) -> Sequence[Listing]:
        return [listing(kind, values, archived) for kind in kinds for archived in (False, True)]

    def changes(values: Values, window: Window) -> Sequence[Listing]:
        found = [search(kind, values, window) for kind in kinds]
        return found + [listing(kind, values, archived=True) for kind in kinds]

    def count(values: Values) -> list[tuple[Request, str]]:
        body = {"filterGroups": [], "limit": 1, "properties": []}
        paths = (_objects(values, kind) + "/search" for kind in kinds)
        return [(Request(path, method="POST", json=body), "total") for path in paths]

    return Pull(everything, changes, count=count, needs=needs, optional=optional)


def _milliseconds(moment: dt.datetime) -> str:
    return str(round(moment.timestamp() * 1000))


def _whole(
    path: Callable[[Mapping[str, str]], str],
    *,
    params: Mapping[str, str] | None = None,
    archived: bool = False,
    enrich: Enrich | None = None,
    needs: str,
    optional: bool = False,
) -> Pull:
    """The pull of a list that is read whole each time."""

    def everything(values: Values, window: Window) -> Sequence[Listing]:
        first = Listing(
            Request(path(values), params or {}),
            JsonRecords("results"),
            Token("paging.next.after", "after"),
            enrich=enrich,
        )
        if not archived:
            return [first]
        old = replace(first, request=first.request.with_params(archived="true"))
        return [first, old]

    return Pull(everything, needs=needs, optional=optional)


def _stages(client: Client, pipelines: Sequence[Json]) -> Iterator[Json]:
    """A row for each stage of each pipeline."""
    for pipeline in pipelines:
        for stage in pipeline.get("stages") or []:
            yield {**stage, "pipeline": {"id": pipeline.get("id"), "label": pipeline.get("label")}}


_DEALS = (
    Field(
        "deal_id",
        headings=("Record ID - Deal", "Deal ID", "Record-ID - Deal"),
        required=True,
        path="id",
    ),
    Field(
        "owner",
        headings=("Deal owner", "Eigenaar van deal", "Deal-eigenaar"),
        path="properties.hubspot_owner_id",
    ),
    Field("account", headings=("Associated Company", "Gekoppeld bedrijf")),
    Field("account_id", path="linked"),
    Field("product", headings=("Product", "Product name", "Productnaam")),
    Field(
        "market",
        headings=("Market", "Markt", "Country/Region", "Land/regio"),
        path=f"properties.{{{MARKET}}}",
    ),
    Field("pipeline", headings=("Pipeline",), path="properties.pipeline"),
    Field("campaign", headings=("Campaign", "Campagne"), path=f"properties.{{{CAMPAIGN}}}"),
    Field("stage", headings=("Deal Stage", "Dealfase"), required=True, path="properties.dealstage"),
    Field("is_closed", path="properties.hs_is_closed"),
    Field("is_won", path="properties.hs_is_closed_won"),
    Field("amount", "decimal", headings=("Amount", "Bedrag"), path="properties.amount"),
    Field("currency", headings=("Currency", "Valuta"), path="properties.deal_currency_code"),
    Field("origin", path=f"properties.{{{ORIGIN}}}"),
    Field(
        "created_at",
        "datetime",
        headings=("Create Date", "Aanmaakdatum"),
        required=True,
        path="properties.createdate",
    ),
    Field(
        "closed_at",
        "datetime",
        headings=("Close Date", "Sluitingsdatum"),
        path="properties.closedate",
    ),
    Field(
        "updated_at",
        "datetime",
        headings=("Last Modified Date", "Laatst gewijzigd"),
        required=True,
        path="properties.hs_lastmodifieddate",
    ),
)
_CONTACTS = (
    Field(
        "contact_id",
        headings=("Record ID - Contact", "Contact ID", "Record-ID - Contact"),
        required=True,
        path="id",
    ),
    Field(
        "email", headings=("Email", "E-mail", "E-mailadres"), personal=True, path="properties.email"
    ),
    Field(
        "owner",
        headings=("Contact owner", "Eigenaar van contact"),
        path="properties.hubspot_owner_id",
    ),
    Field(
        "campaign",
        headings=("Original campaign", "Campaign", "Campagne"),
        path=f"properties.{{{CAMPAIGN}}}",
    ),
    Field(
        "lifecycle_stage",
        headings=("Lifecycle Stage", "Levenscyclusfase"),
        path="properties.lifecyclestage",
    ),
    Field(
        "created_at",
        "datetime",
        headings=("Create Date", "Aanmaakdatum"),
        required=True,
        path="properties.createdate",
    ),
    Field(
        "mql_at",
        "datetime",
        headings=(
            "Became a Marketing Qualified Lead Date",
            "Date entered Marketing Qualified Lead",
        ),
        path="properties.hs_v2_date_entered_marketingqualifiedlead",
    ),
    # The name of the same date in older accounts.
    Field(
        "mql_at_before", "datetime", path="properties.hs_lifecyclestage_marketingqualifiedlead_date"
    ),
    Field(
        "customer_at",
        "datetime",
        headings=("Became a Customer Date", "Date entered Customer"),
        path="properties.hs_v2_date_entered_customer",
    ),
    Field("customer_at_before", "datetime", path="properties.hs_lifecyclestage_customer_date"),
    Field(
        "updated_at",
        "datetime",
        headings=("Last Modified Date", "Laatst gewijzigd"),
        required=True,
        path="properties.lastmodifieddate",
    ),
)
_ACTIVITIES = (
    Field(
        "activity_id",
        headings=("Record ID - Activity", "Activity ID"),
        required=True,
        path="id",
    ),
    Field(
        "activity_type",
        headings=("Activity type", "Type activiteit"),
        path="properties.hs_activity_type",
    ),
    Field(
        "owner",
        headings=("Activity assigned to", "Activiteit toegewezen aan"),
        path="properties.hubspot_owner_id",
    ),
    Field("campaign", headings=("Campaign", "Campagne"), path=f"properties.{{{CAMPAIGN}}}"),
    Field(
        "activity_at",
        "datetime",
        headings=("Activity date", "Datum activiteit"),
        required=True,
        path="properties.hs_timestamp",
    ),
    Field(
        "updated_at",
        "datetime",
        headings=("Last Modified Date", "Laatst gewijzigd"),
        path="properties.hs_lastmodifieddate",
    ),
)
_COMPANIES = (
    Field("company_id", path="id", headings=("Record ID - Company", "Company ID"), required=True),
    Field("name", path="properties.name", headings=("Company name", "Bedrijfsnaam")),
    Field("country", path="properties.country", headings=("Country/Region", "Land/regio")),
    Field("owner", path="properties.hubspot_owner_id", headings=("Company owner",)),
    Field("parent_id", path="properties.hs_parent_company_id"),
    Field("updated_at", "datetime", path="properties.hs_lastmodifieddate"),
)
_LINE_ITEMS = (
    Field("line_item_id", path="id", headings=("Record ID - Line item",), required=True),
    Field("deal_id", path="linked", headings=("Associated Deal ID",)),
    Field("product", path="properties.name", headings=("Name", "Naam")),
    Field("quantity", "decimal", path="properties.quantity", headings=("Quantity", "Aantal")),
    Field(
        "price", "decimal", path="properties.price", headings=("Unit price", "Prijs per eenheid")
    ),
    Field("amount", "decimal", path="properties.amount", headings=("Net price", "Nettoprijs")),
    Field("unit_cost", "decimal", path="properties.hs_cost_of_goods_sold", headings=("Unit cost",)),
    Field(
        "currency", path="properties.hs_line_item_currency_code", headings=("Currency", "Valuta")
    ),
    Field(
        "updated_at",
        "datetime",
        headings=("Last Modified Date", "Laatst gewijzigd"),
        path="properties.hs_lastmodifieddate",
    ),
)
_FEEDBACK = (
    Field(
        "response_id", path="id", headings=("Record ID - Feedback", "Response ID"), required=True
    ),
    Field("survey_type", path="properties.hs_survey_type", headings=("Survey type",)),
    Field("survey", path="properties.hs_survey_name", headings=("Survey name",)),
    Field("owner", path="properties.hubspot_owner_id"),
    Field("campaign", path=f"properties.{{{CAMPAIGN}}}"),
    Field("score", "integer", path="properties.hs_value", headings=("Response", "Score")),
    Field(
        "responded_at",
        "datetime",
        path="properties.hs_submission_timestamp",
        headings=("Date submitted", "Submission date"),
    ),
    Field("updated_at", "datetime", path="properties.hs_lastmodifieddate"),
)

CONNECTOR = Connector(
    name="hubspot",
    label="HubSpot",
    kind="crm",
    version=2,
    file_format=FileFormat(encoding="utf-8", delimiter=",", decimal=".", date="yyyy-mm-dd"),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[BASE_URL],
        auth=_auth,
        account=lambda values: (
            Request(_path("/account-info/v3/details", "/account-info/{version}/details")(values)),
            "portalId",
        ),
        limits=lambda values: (
            Limit(number(values, BURST), 10.0),
            Limit(5.0, 1.0, only="/search"),
        ),
        judge=_judge,
        version=VERSION,
        setup="Settings > Integrations > Service keys: make a key with the rights listed below.",
    ),
    streams=(
        Stream(
            name="deals",
            description="One row is one deal, as it is now.",
            key=("deal_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=_DEALS,
            pull=_pull(("deals",), _DEALS, linked="companies", needs="crm.objects.deals.read"),
        ),
        Stream(
            name="contacts",
            description="One row is one contact, as it is now; the e-mail address is a keyed HMAC.",
            key=("contact_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=_CONTACTS,
            pull=_pull(
                ("contacts",),
                _CONTACTS,
                modified="lastmodifieddate",
                needs="crm.objects.contacts.read",
            ),
        ),
        Stream(
            name="activities",
            description="One row is one call, meeting or visit that an employee logged.",
            key=("activity_id",),
            updated_at="updated_at",
            activity="activity_at",
            fields=_ACTIVITIES,
            pull=_pull(("calls", "meetings"), _ACTIVITIES, needs="crm.objects.contacts.read"),
        ),
        Stream(
            name="companies",
            description="One row is one company, as it is now.",
            key=("company_id",),
            updated_at="updated_at",
            fields=_COMPANIES,
            pull=_pull(("companies",), _COMPANIES, needs="crm.objects.companies.read"),
        ),
        Stream(
            name="line_items",
            description="One row is one product on one deal, with its price and cost per unit.",
            key=("line_item_id",),
            updated_at="updated_at",
            fields=_LINE_ITEMS,
            pull=_pull(
                ("line_items",), _LINE_ITEMS, linked="deals", needs="crm.objects.line_items.read"
            ),
        ),
        Stream(
            name="feedback",
            description="One row is one answer to a feedback survey.",
            key=("response_id",),
            updated_at="updated_at",
            activity="responded_at",
            fields=_FEEDBACK,
            pull=_pull(
                ("feedback_submissions",),
                _FEEDBACK,
                needs="crm.objects.feedback_submissions.read (Service Hub)",
                optional=True,
            ),
        ),
        Stream(
            name="owners",
            description="One row is one user who can own records, also those who left.",
            key=("owner_id",),
            mode="full",
            fields=(
                Field("owner_id", path="id", headings=("Owner ID",), required=True),
                Field("email", path="email", headings=("Owner email",)),
                Field("first_name", path="firstName"),
                Field("last_name", path="lastName"),
                Field("is_archived", path="archived"),
                Field("teams", path="teams"),
            ),
            pull=_whole(
                _path("/crm/v3/owners", "/crm/owners/{version}"),
                params={"limit": "100"},
                archived=True,
                needs="crm.objects.owners.read",
            ),
        ),
        Stream(
            name="teams",
            description="One row is one team of users.",
            key=("team_id",),
            mode="full",
            fields=(
                Field("team_id", path="id", headings=("Team ID",), required=True),
                Field("name", path="name", headings=("Team name",)),
                Field("users", path="userIds"),
            ),
            pull=_whole(
                _path("/settings/v3/users/teams", "/settings/users/{version}/teams"),
                needs="settings.users.teams.read",
                optional=True,
            ),
        ),
        Stream(
            name="stages",
            description="One row is one stage of one deal pipeline.",
            key=("pipeline_id", "stage_id"),
            mode="full",
            fields=(
                Field("pipeline_id", path="pipeline.id", required=True, headings=("Pipeline ID",)),
                Field("pipeline", path="pipeline.label", headings=("Pipeline name",)),
                Field("stage_id", path="id", required=True, headings=("Stage ID",)),
                Field("stage", path="label", headings=("Stage name",)),
                Field("is_closed", path="metadata.isClosed"),
                Field("probability", "decimal", path="metadata.probability"),
            ),
            pull=_whole(
                _path("/crm/v3/pipelines/deals", "/crm/pipelines/{version}/deals"),
                enrich=_stages,
                needs="crm.schemas.deals.read",
            ),
        ),
    ),
)
