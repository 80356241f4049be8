"""Pipedrive (CRM): deals, persons, organizations, products, activities, users, stages.

From the API, version 2 (users only exist in version 1), or from export files of the list views.

What changed comes by `updated_since`, sorted by id under an opaque cursor, so that a record that
changes meanwhile cannot push another out of sight. Archived deals stand in a list of their own;
deals deleted in the last 30 days are listed by their status; other records vanish without a word,
and the weekly sweep finds them missing. Products and stages have no filter by change and are read
whole.

A product on a deal has no cost of its own: it is what the product costs now, in the currency of the
line. A cost of 0 counts as not filled in.

Sources: Pipedrive's OpenAPI files of versions 1 and 2 (harvested by 2026-08-03), its pages on rate
limits and deprecations. Not verified there: `Retry-After` on 429 (used where it comes), whether
lists show deleted persons (taken as deleted where they say so), that an empty cost reads 0, the
headings of export files. There is no lifecycle in Pipedrive: name your own fields, by their
40-character key, in the variables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, Enrich, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, Request, Response
from connectors.core.api.paging import OnePage, Token
from connectors.core.api.values import Values, Variable, number
from connectors.core.contract import Connector, Field, FileFormat, Stream

TOKEN = "KOERS_PIPEDRIVE_TOKEN"  # noqa: S105 - the name of a variable
URL = "KOERS_PIPEDRIVE_URL"
BURST = "KOERS_PIPEDRIVE_REQUESTS_PER_2_SECONDS"
CAMPAIGN = "KOERS_PIPEDRIVE_CAMPAIGN_FIELD"
MARKET = "KOERS_PIPEDRIVE_MARKET_FIELD"
ORIGIN = "KOERS_PIPEDRIVE_ORIGIN_FIELD"
PERSON_CAMPAIGN = "KOERS_PIPEDRIVE_PERSON_CAMPAIGN_FIELD"
STAGE = "KOERS_PIPEDRIVE_PERSON_STAGE_FIELD"
MQL = "KOERS_PIPEDRIVE_PERSON_MQL_FIELD"
CUSTOMER = "KOERS_PIPEDRIVE_PERSON_CUSTOMER_FIELD"

VARIABLES = (
    Variable(TOKEN, "API token of a user who may see everything", secret=True),
    Variable(URL, "https://<company>.pipedrive.com", default="https://api.pipedrive.com"),
    Variable(BURST, "Requests in 2 seconds: 20 (Lite) to 120 (Ultimate)", default="20"),
    Variable(CAMPAIGN, "Deal field that names the campaign", default="campaign"),
    Variable(MARKET, "Deal field that names the market", default="market"),
    Variable(ORIGIN, "Deal field of its id in the CRM before: hubspot:42", default="origin"),
    Variable(PERSON_CAMPAIGN, "Person field that names the campaign", default="campaign"),
    Variable(STAGE, "Person field of how far a contact is", default="lifecycle"),
    Variable(MQL, "Person field: date of becoming marketing-qualified", default="mql_date"),
    Variable(CUSTOMER, "Person field: date of becoming a customer", default="customer_date"),
)
SIZE, DEALS_SIZE = 500, 100
_NEXT = Token("additional_data.next_cursor", "cursor")
_DATA = JsonRecords("data", null_is_empty=True)


def _judge(response: Response) -> Verdict | None:
    """A 429 is either the burst of two seconds or the budget of the day; hammering on ends in a 403
    with a page of a firewall."""
    if response.status == 429:
        headers = response.headers
        if headers.get("x-daily-ratelimit-token-remaining") == "0":
            return Verdict("spent", "the company's tokens of today are used up")
        if "retry-after" not in headers and "x-ratelimit-reset" in headers:
            try:
                wait = max(0.0, float(headers["x-ratelimit-reset"]))
            except ValueError:
                return None
            return Verdict("again", "HTTP 429", wait, pause=True)
    if response.status == 403 and "json" not in response.content_type:
        return Verdict("spent", "the firewall keeps us out after too many requests")
    return None


def _checked(response: Response) -> Verdict | None:
    found = _judge(response)
    if found is None and response.status == 200 and b'"success":false' in response.body[:200]:
        return Verdict("again", "the answer says that it did not succeed")
    return found


def _seconds(moment: dt.datetime) -> str:
    """RFC 3339 without a fraction: with one, the filter is not known to work."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_deleted(record: Json) -> bool:
    return record.get("is_deleted") is True or record.get("status") == "deleted"


def _changed(window: Window) -> dict[str, str]:
    """The whole second that the window ends in is read, or its records would fall between two."""
    if window.since is None:
        return {}
    until = window.until + dt.timedelta(seconds=1)
    return {"updated_since": _seconds(window.since), "updated_until": _seconds(until)}


def _pull(
    paths: Sequence[str],
    *,
    params: Mapping[str, str] | None = None,
    last: Mapping[str, str] | None = None,
    enrich: Enrich | None = None,
    size: int = SIZE,
    sweep: dt.timedelta | None = dt.timedelta(days=7),
) -> Pull:
    """The pull of a list that can be filtered by change.

    last: parameters of one more list, of what was deleted.
    """

    def listings(values: Values, window: Window) -> Sequence[Listing]:
        common = {"limit": str(size), "sort_by": "id", "sort_direction": "asc", **(params or {})}
        lists = [(path, {**common, **_changed(window)}) for path in paths]
        if last is not None:
            # Whole: nothing says that a deletion moves the time of the last change.
            lists.append((paths[0], {**common, **last}))
        return [
            Listing(
                Request(path, given),
                _DATA,
                _NEXT,
                is_deleted=_is_deleted,
                enrich=enrich,
                size=size,
            )
            for path, given in lists
        ]

    return Pull(listings, listings, sweep=sweep)


def _whole(path: str, enrich: Enrich | None = None, *, paged: bool = True) -> Pull:
    params = {"limit": str(SIZE)} if paged else {}
    return Pull(
        lambda values, window: (
            Listing(
                Request(path, params),
                _DATA,
                _NEXT if paged else OnePage(),
                enrich=enrich,
                size=SIZE,
            ),
        )
    )


def _persons(client: Client, records: Sequence[Json]) -> Iterator[Json]:
    """The primary address of each, or else the first."""
    for record in records:
        if "emails" not in record:
            yield record  # what is not told at all is not told to be empty
            continue
        emails = [e for e in record.get("emails") or [] if isinstance(e, dict) and e.get("value")]
        first = next((e for e in emails if e.get("primary")), emails[0] if emails else None)
        yield {**record, "email": first and first["value"]}


def _deal_products(client: Client, records: Sequence[Json]) -> Iterator[Json]:
    """The products of a page of deals; what is disabled counts in no deal's value."""
    ids = ",".join(str(record["id"]) for record in records)
    request: Request | None = Request(
        "/api/v2/deals/products", {"deal_ids": ids, "limit": str(SIZE)}
    )
    changed = {record["id"]: record.get("update_time") for record in records}
    while request is not None:
        content, products = client.read(request, "json", _DATA.of)
        for product in products:
            is_off = product.get("is_enabled") is False
            at = changed.get(product.get("deal_id"))
            yield {**product, "update_time": at, "is_deleted": is_off}
        following = (content.get("additional_data") or {}).get("next_cursor")
        request = request.with_params(cursor=following) if following else None


def _prices(client: Client, records: Sequence[Json]) -> Iterator[Json]:
    """A row for each price of each product."""
    for product in records:
        for price in product.get("prices") or []:
            yield {**price, "product_id": product.get("id"), "name": product.get("name")}


def _with_pipelines(client: Client, records: Sequence[Json]) -> Iterator[Json]:
    """Stages name their pipeline by number only."""
    content = client.send(Request("/api/v2/pipelines", {"limit": str(SIZE)})).json()
    names = {each["id"]: each.get("name") for each in content.get("data") or []}
    for stage in records:
        yield {**stage, "pipeline": names.get(stage.get("pipeline_id"))}


def _auth(values: Values, clock: Clock) -> Auth:
    return Header("x-api-token", values[TOKEN])


def _custom(variable: str) -> str:
    return f"custom_fields.{{{variable}}}"


def _id(name: str, heading: str) -> Field:
    return Field(name, headings=(heading,), path="id", required=True)


_UPDATED = Field("updated_at", "datetime", headings=("Update time",), path="update_time")

CONNECTOR = Connector(
    name="pipedrive",
    label="Pipedrive",
    kind="crm",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/v1/users/me"), "data.company_id"),
        limits=lambda values: (Limit(number(values, BURST), 2.0),),
        judge=_checked,
        setup="Personal preferences > API: the token of a user who may see all deals.",
    ),
    streams=(
        Stream(
            name="deals",
            description="One row is one deal, as it is now, archived ones too.",
            key=("deal_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=(
                _id("deal_id", "Deal - ID"),
                Field("owner", headings=("Deal - Owner", "Deal - Eigenaar"), path="owner_id"),
                Field("account", headings=("Deal - Organization", "Deal - Organisatie")),
                Field("account_id", path="org_id"),
                Field("product", headings=("Deal - Product name",)),
                Field("market", headings=("Deal - Market", "Deal - Markt"), path=_custom(MARKET)),
                Field("pipeline", headings=("Deal - Pipeline",), path="pipeline_id"),
                Field(
                    "campaign",
                    headings=("Deal - Campaign", "Deal - Campagne"),
                    path=_custom(CAMPAIGN),
                ),
                Field("stage", headings=("Deal - Status",), path="status", required=True),
                Field("amount", "decimal", headings=("Deal - Value",), path="value"),
                Field("currency", headings=("Deal - Currency of Value",), path="currency"),
                Field("origin", path=_custom(ORIGIN)),
                Field("created_at", "datetime", headings=("Deal - Deal created",), path="add_time"),
                Field("won_at", "datetime", headings=("Deal - Won time",), path="won_time"),
                Field("lost_at", "datetime", headings=("Deal - Lost time",), path="lost_time"),
                Field(
                    "closed_at", "datetime", headings=("Deal - Deal closed on",), path="close_time"
                ),
                _UPDATED,
            ),
            pull=_pull(("/api/v2/deals", "/api/v2/deals/archived"), last={"status": "deleted"}),
        ),
        Stream(
            name="persons",
            description="One row is one person, as it is now; the e-mail address is a keyed HMAC.",
            key=("contact_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=(
                _id("contact_id", "Person - ID"),
                Field("email", headings=("Person - Email",), path="email", personal=True),
                Field("owner", headings=("Person - Owner",), path="owner_id"),
                Field("campaign", headings=("Person - Campaign",), path=_custom(PERSON_CAMPAIGN)),
                Field("lifecycle_stage", headings=("Person - Lifecycle",), path=_custom(STAGE)),
                Field(
                    "created_at", "datetime", headings=("Person - Person created",), path="add_time"
                ),
                Field("mql_at", "datetime", headings=("Person - MQL date",), path=_custom(MQL)),
                Field(
                    "customer_at",
                    "datetime",
                    headings=("Person - Customer date",),
                    path=_custom(CUSTOMER),
                ),
                _UPDATED,
            ),
            pull=_pull(("/api/v2/persons",), enrich=_persons),
        ),
        Stream(
            name="activities",
            description="One row is one activity of an employee.",
            key=("activity_id",),
            updated_at="updated_at",
            activity="activity_at",
            fields=(
                _id("activity_id", "Activity - ID"),
                Field("activity_type", headings=("Activity - Type",), path="type"),
                Field("owner", headings=("Activity - Assigned to user",), path="owner_id"),
                Field("campaign"),
                Field(
                    "activity_at", "datetime", headings=("Activity - Due date",), path="due_date"
                ),
                _UPDATED,
            ),
            pull=_pull(("/api/v2/activities",)),
        ),
        Stream(
            name="organizations",
            description="One row is one organization, as it is now.",
            key=("company_id",),
            updated_at="updated_at",
            fields=(
                _id("company_id", "Organization - ID"),
                Field("name", headings=("Organization - Name",), path="name"),
                Field("country", headings=("Organization - Country",), path="address.country"),
                _UPDATED,
            ),
            pull=_pull(("/api/v2/organizations",)),
        ),
        Stream(
            name="deal_products",
            description="One row is one product on one deal.",
            key=("line_item_id",),
            updated_at="updated_at",
            fields=(
                _id("line_item_id", "Deal product - ID"),
                Field("deal_id", headings=("Deal - ID",), path="deal_id"),
                Field("product", headings=("Product - Name",), path="name"),
                Field("product_id", path="product_id"),
                Field("quantity", "decimal", headings=("Quantity",), path="quantity"),
                Field("amount", "decimal", headings=("Sum",), path="sum"),
                Field("currency", headings=("Currency",), path="currency"),
                _UPDATED,
            ),
            pull=_pull(
                ("/api/v2/deals", "/api/v2/deals/archived"),
                enrich=_deal_products,
                size=DEALS_SIZE,
            ),
        ),
        Stream(
            name="products",
            description="One row is one price of one product, with what it costs now.",
            key=("product_id", "currency"),
            mode="full",
            fields=(
                Field("product_id", headings=("Product - ID",), path="product_id", required=True),
                Field("currency", headings=("Currency",), path="currency", required=True),
                Field("name", headings=("Product - Name",), path="name"),
                Field("price", "decimal", headings=("Unit price",), path="price"),
                Field("cost", "decimal", headings=("Cost per unit",), path="cost"),
            ),
            pull=_whole("/api/v2/products", _prices),
        ),
        Stream(
            name="users",
            description="One row is one user who can own records, also those who left.",
            key=("owner_id",),
            mode="full",
            fields=(
                _id("owner_id", "User - ID"),
                Field("email", headings=("User - Email",), path="email"),
                Field("name", headings=("User - Name",), path="name"),
                Field("is_active", path="active_flag"),
            ),
            pull=_whole("/v1/users", paged=False),
        ),
        Stream(
            name="stages",
            description="One row is one stage of one deal pipeline.",
            key=("pipeline_id", "stage_id"),
            mode="full",
            fields=(
                Field("pipeline_id", headings=("Pipeline ID",), path="pipeline_id", required=True),
                Field("pipeline", headings=("Pipeline",), path="pipeline"),
                Field("stage_id", headings=("Stage ID",), path="id", required=True),
                Field("stage", headings=("Stage",), path="name"),
            ),
            pull=_whole("/api/v2/stages", _with_pipelines),
        ),
    ),
)
