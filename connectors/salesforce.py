"""Salesforce (CRM): opportunities, leads and contacts, accounts, products on opportunities, users,
activities.

From the API, or from export files (the weekly Data Export: a zip of CSVs with API names as
headings).

Everything is read by Bulk API 2.0 (a job that makes CSV; few calls, however many records), what
changed by SOQL over REST; both as `queryAll`, so that what is in the recycle bin shows as deleted.
A query is a snapshot with a locator: it neither skips nor repeats what changes meanwhile, and a
locator that has expired begins the window again. The cursor is SystemModstamp, which system jobs
move too; formula and roll-up fields do not move it, so the weekly sweep reads everything again.

A field that the credentials may not see is refused as if it did not exist, and the query with it.
So each object is described before it is read (`sobjects/{object}/describe`): what is not visible is
not asked for and told about; where a figure would be wrong without it, the stream is not read.

Leads and contacts are one stream: a lead that was converted says which contact it became. Leads
have no standard date of becoming marketing-qualified, contacts neither that nor one of becoming a
customer, and opportunities neither market nor cost: name your own fields in the variables; what is
not named is not asked for.

Sources: REST API guide (query, queryAll, describe), Bulk API 2.0 guide, release notes of Winter
'20. Not verified there: how long locators live, the literal end mark of a bulk locator (a missing,
an empty and a `null` one are all taken for the end), whether each bulk chunk repeats its headings
(both are read), how the weekly export writes `IsDeleted` (1/0, true/false, yes/no are read).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from connectors.core.api.auth import Auth, OAuth
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.csv_records import CsvRecords
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import HeaderToken, NextLink
from connectors.core.api.values import Values, Variable, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import CredentialsError, RefusedError, UnavailableError

URL = "KOERS_SALESFORCE_URL"
CLIENT_ID = "KOERS_SALESFORCE_CLIENT_ID"
CLIENT_SECRET = "KOERS_SALESFORCE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
REFRESH_TOKEN = "KOERS_SALESFORCE_REFRESH_TOKEN"  # noqa: S105
VERSION = "KOERS_SALESFORCE_API_VERSION"
BULK = "KOERS_SALESFORCE_BULK"
BULK_ROWS = "KOERS_SALESFORCE_BULK_ROWS"
CURRENCY = "KOERS_SALESFORCE_CURRENCY_FIELD"
CAMPAIGN = "KOERS_SALESFORCE_CAMPAIGN_FIELD"
LEAD_CAMPAIGN = "KOERS_SALESFORCE_LEAD_CAMPAIGN_FIELD"
MARKET = "KOERS_SALESFORCE_MARKET_FIELD"
MQL = "KOERS_SALESFORCE_MQL_FIELD"
CUSTOMER = "KOERS_SALESFORCE_CUSTOMER_FIELD"
CONTACT_CAMPAIGN = "KOERS_SALESFORCE_CONTACT_CAMPAIGN_FIELD"
CONTACT_MQL = "KOERS_SALESFORCE_CONTACT_MQL_FIELD"
CONTACT_CUSTOMER = "KOERS_SALESFORCE_CONTACT_CUSTOMER_FIELD"
COST = "KOERS_SALESFORCE_COST_FIELD"
ORIGIN = "KOERS_SALESFORCE_ORIGIN_FIELD"

VARIABLES = (
    Variable(URL, "My Domain of the org: https://<name>.my.salesforce.com"),
    Variable(CLIENT_ID, "Connected app: consumer key"),
    Variable(CLIENT_SECRET, "Connected app: consumer secret", secret=True),
    Variable(REFRESH_TOKEN, "Refresh token; without, client credentials", True, optional=True),
    Variable(VERSION, "Version of the API", default="v65.0"),
    Variable(BULK, "yes: everything is read by bulk jobs; no: by queries", default="yes"),
    Variable(BULK_ROWS, "Records on a page of a bulk job", default="50000"),
    Variable(CURRENCY, "CurrencyIsoCode, in an org with several currencies", optional=True),
    Variable(CAMPAIGN, "Field of opportunities that names the campaign", default="Campaign.Name"),
    Variable(LEAD_CAMPAIGN, "Field of leads that names the campaign", default="LeadSource"),
    Variable(MARKET, "Field of opportunities that names the market", optional=True),
    Variable(MQL, "Field of leads: date of becoming marketing-qualified", optional=True),
    Variable(CUSTOMER, "Field of leads: date of becoming a customer", default="ConvertedDate"),
    Variable(CONTACT_CAMPAIGN, "Field of contacts that names the campaign", default="LeadSource"),
    Variable(CONTACT_MQL, "Field of contacts: date of becoming marketing-qualified", optional=True),
    Variable(CONTACT_CUSTOMER, "Field of contacts: date of becoming a customer", optional=True),
    Variable(COST, "Field of opportunity products: cost of one", optional=True),
    Variable(ORIGIN, "Field of an opportunity's id in the CRM before: hubspot:42", optional=True),
)
POLLS = 720
POLL_SECONDS = 5.0
_ENDED = ("Aborted", "Failed")


def _auth(values: Values, clock: Clock) -> Auth:
    grant = {
        "grant_type": "client_credentials",
        "client_id": values[CLIENT_ID],
        "client_secret": values[CLIENT_SECRET],
    }
    if values[REFRESH_TOKEN]:
        grant |= {"grant_type": "refresh_token", "refresh_token": values[REFRESH_TOKEN]}
    # The answer does not say how long a token lives; the org decides, and says 401 when it is over.
    return OAuth("/services/oauth2/token", grant, clock, values.hide, lifetime=6 * 3600.0)


def _judge(response: Response) -> Verdict | None:
    """Errors are a list of codes; the budget of a day that is used up is a 403."""
    if response.status < 400 or "json" not in response.content_type:
        return None
    try:
        content = response.json()
    except MalformedError:
        return None
    first = content[0] if isinstance(content, list) and content else content
    code = str(at(first, "errorCode") or at(first, "error") or "")
    reason = f"HTTP {response.status} {code}: {str(at(first, 'message') or '')[:200]}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        return Verdict("spent", "the org's requests of the last 24 hours are used up")
    if code in ("INVALID_QUERY_LOCATOR", "INVALIDLOCATOR"):
        return Verdict("expired", reason)
    if code in ("INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"):
        hint = "; no such field or object, or these credentials may not see it"
        return Verdict("refused", reason + hint)
    if code in ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"):
        return Verdict("again", reason)
    if code.startswith("invalid_"):
        return Verdict("denied", reason)
    return None


def _data(values: Mapping[str, str], path: str) -> str:
    return f"/services/data/{values[VERSION]}/{path}"


@dataclass(frozen=True)
class _Asked:
    """What is asked of the objects of a stream.

    only: the objects that have a field, where not all do. needed: fields without which a figure
    would be wrong. absent: columns of an object that are not asked for.
    """

    kinds: Sequence[str]
    fields: Sequence[Field]
    only: Mapping[str, str]
    needed: Sequence[str]
    absent: frozenset[tuple[str, str]] = frozenset()

    def named(self, kind: str, values: Mapping[str, str]) -> dict[str, list[Field]]:
        """The fields of an object, by the column they come from."""
        found: dict[str, list[Field]] = {}
        for each in self.fields:
            column = each.path.format_map(values)
            is_there = self.only.get(each.name, kind) == kind and (kind, column) not in _ABSENT
            if column and is_there and (kind, column) not in self.absent:
                found.setdefault(column, []).append(each)
        return found

    def columns(self, kind: str, values: Mapping[str, str]) -> list[str]:
        """The columns that are asked of an object."""
        return list(self.named(kind, values))

    def is_needed(self, each: Field) -> bool:
        return each.required or each.name in self.needed


def _soql(kind: str, columns: Sequence[str], window: Window) -> str:
    """A query without a window names every record: one that changes just now is not missing."""
    found = f"SELECT {', '.join(columns)} FROM {kind}"
    if window.since is not None:
        found += f" WHERE SystemModstamp >= {_literal(window.since)}"
        found += f" AND SystemModstamp < {_literal(window.until)}"
    return f"{found} ORDER BY SystemModstamp, Id"


def _literal(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(frozen=True)
class _Found:
    """A page of a query: not done means that there is a next one."""

    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content, records = JsonRecords("records").of(response)
        done = at(content, "done")
        if done is not True and (done is not False or not at(content, "nextRecordsUrl")):
            raise MalformedError("does not say whether it is the last page")
        return content, records


def _is_deleted(record: Json) -> bool:
    return str(record.get("IsDeleted")).lower() == "true"


def _pull(asked: _Asked) -> Pull:
    kinds = asked.kinds

    def query(kind: str, values: Values, window: Window) -> Listing:
        columns = asked.columns(kind, values)
        return Listing(
            Request(_data(values, "queryAll"), {"q": _soql(kind, columns, window)}),
            _Found(),
            NextLink("nextRecordsUrl", done="done"),
            is_deleted=_is_deleted,
            size=2000,
            mark=",".join(columns),
        )

    def bulk(kind: str, values: Values, window: Window) -> Listing:
        columns = asked.columns(kind, values)

        def prepare(client: Client) -> Request:
            jobs = _data(values, "jobs/query")
            body = {"operation": "queryAll", "query": _soql(kind, columns, window)}
            started = client.send(Request(jobs, method="POST", json=body, repeatable=False)).json()
            job = f"{jobs}/{at(started, 'id')}"
            for _ in range(POLLS):
                found = client.get(job)
                if at(found, "state") == "JobComplete":
                    return Request(f"{job}/results", {"maxRecords": values[BULK_ROWS]})
                if at(found, "state") in _ENDED:
                    raise RefusedError(
                        f"salesforce: the job for {kind} ended: {at(found, 'errorMessage')}"
                    )
                client.wait(POLL_SECONDS)
            raise UnavailableError(
                f"salesforce: the job for {kind} took over {POLLS * POLL_SECONDS / 60:.0f} minutes"
            )

        return Listing(
            Request(_data(values, "jobs/query")),
            CsvRecords(columns, "Sforce-NumberOfRecords"),
            HeaderToken("Sforce-Locator", "locator"),
            is_deleted=_is_deleted,
            prepare=prepare,
            size=whole_number(values, BULK_ROWS, 1_000_000),
            mark=",".join(columns),
        )

    def everything(values: Values, window: Window) -> Sequence[Listing]:
        one = bulk if values[BULK].lower() in ("yes", "true", "1") else query
        return [one(kind, values, window) for kind in kinds]

    def changes(values: Values, window: Window) -> Sequence[Listing]:
        return [query(kind, values, window) for kind in kinds]

    def count(values: Values) -> list[tuple[Request, str]]:
        queries = (f"SELECT COUNT() FROM {kind}" for kind in kinds)
        return [(Request(_data(values, "query"), {"q": soql}), "totalSize") for soql in queries]

    def fit(client: Client, values: Values) -> tuple[Pull, list[str]]:
        sight = _Sight(client, values)
        hidden = [
            (kind, column, fields)
            for kind in kinds
            for column, fields in asked.named(kind, values).items()
            if not sight.sees(kind, column)
        ]
        needed = [f"{k}.{c}" for k, c, fields in hidden if any(map(asked.is_needed, fields))]
        if needed:
            raise RefusedError(
                f"salesforce: {', '.join(needed)}: these credentials may not see it, or there is "
                f"no such field, and without it the figures would be wrong. {_GIVE}"
            )
        notices = [
            f"{kind}.{column} is left out: these credentials may not see it, or there is no such "
            f"field{_named_by(fields)}. {_GIVE}"
            for kind, column, fields in hidden
        ]
        left = frozenset((kind, column) for kind, column, _ in hidden)
        return _pull(replace(asked, absent=asked.absent | left)), notices

    needs = f"Read on {', '.join(kinds)}"
    return Pull(everything, changes, count=count, by_name=True, needs=needs, fit=fit)


_GIVE = (
    "Give the user of the connected app read access to the field (field-level security, in a "
    "permission set)."
)


def _named_by(fields: Sequence[Field]) -> str:
    named = [f.path[1:-1] for f in fields if f.path.startswith("{")]
    return f"; {' and '.join(named)} names it" if named else ""


class _Sight:
    """What these credentials may see, by the description of each object, asked once."""

    def __init__(self, client: Client, values: Values) -> None:
        self._client, self._values = client, values
        self._known: dict[str, list[Json]] = {}

    def sees(self, kind: str, column: str) -> bool:
        """Whether `Amount` or `Campaign.Name` of an object can be asked for. Raises RefusedError
        and CredentialsError where the object itself cannot."""
        name, _, rest = column.lower().partition(".")
        if not rest:
            return any(str(at(each, "name")).lower() == name for each in self._of(kind))
        to = [
            target
            for each in self._of(kind)
            if str(at(each, "relationshipName")).lower() == name
            for target in at(each, "referenceTo") or []
        ]
        try:
            return any(self.sees(target, rest) for target in to)
        except (RefusedError, CredentialsError):
            return False

    def _of(self, kind: str) -> list[Json]:
        if kind not in self._known:
            request = Request(_data(self._values, f"sobjects/{kind}/describe"))
            _, self._known[kind] = self._client.read(request, "json", JsonRecords("fields").of)
        return self._known[kind]


_ABSENT = {("Event", "TaskSubtype"), ("User", "IsDeleted")}
"""What one of the objects of a stream does not have."""


def _stream(
    name: str,
    description: str,
    kinds: Sequence[str],
    fields: tuple[Field, ...],
    *,
    activity: str | None = "updated_at",
    only: Mapping[str, str] | None = None,
    needed: Sequence[str] = (),
) -> Stream:
    """See `_Asked` for only and needed."""
    fields = (
        *fields,
        Field("updated_at", "datetime", headings=("SystemModstamp",), path="SystemModstamp"),
        Field("is_deleted", "boolean", headings=("IsDeleted",), path="IsDeleted"),
    )
    return Stream(
        name=name,
        description=description,
        key=(fields[0].name,),
        updated_at="updated_at",
        activity=activity,
        fields=fields,
        pull=_pull(_Asked(kinds, fields, only or {}, (*needed, "updated_at", "is_deleted"))),
        files=tuple(f"{kind}.csv" for kind in kinds),
        deleted="is_deleted",
    )


def _id(name: str) -> Field:
    return Field(name, headings=("Id",), path="Id", required=True)


CONNECTOR = Connector(
    name="salesforce",
    label="Salesforce",
    kind="crm",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/services/oauth2/userinfo"), "organization_id"),
        limits=lambda values: (Limit(25.0, 1.0),),
        judge=_judge,
        version=VERSION,
        setup="Setup > App Manager: a connected app with the client credentials flow, run as a "
        "user who may read (not change) the objects below.",
    ),
    streams=(
        _stream(
            "opportunities",
            "One row is one opportunity, as it is now.",
            ("Opportunity",),
            (
                _id("deal_id"),
                Field("owner", headings=("OwnerId",), path="OwnerId"),
                Field("account_id", headings=("AccountId",), path="AccountId"),
                Field("market", path=f"{{{MARKET}}}"),
                Field("pipeline", headings=("Type",), path="Type"),
                Field("campaign", headings=("Campaign.Name",), path=f"{{{CAMPAIGN}}}"),
                Field("stage", headings=("StageName",), path="StageName", required=True),
                Field("is_closed", headings=("IsClosed",), path="IsClosed"),
                Field("is_won", headings=("IsWon",), path="IsWon"),
                Field("amount", "decimal", headings=("Amount",), path="Amount"),
                Field("currency", headings=("CurrencyIsoCode",), path=f"{{{CURRENCY}}}"),
                Field("origin", path=f"{{{ORIGIN}}}"),
                Field("created_at", "datetime", headings=("CreatedDate",), path="CreatedDate"),
                Field("closed_date", "date", headings=("CloseDate",), path="CloseDate"),
            ),
            needed=(
                "owner",
                "is_closed",
                "is_won",
                "amount",
                "currency",
                "created_at",
                "closed_date",
            ),
        ),
        _stream(
            "leads",
            "One row is one lead or contact, as it is now; the e-mail address is a keyed HMAC.",
            ("Lead", "Contact"),
            (
                _id("contact_id"),
                Field("email", headings=("Email",), path="Email", personal=True),
                Field("owner", headings=("OwnerId",), path="OwnerId"),
                Field("campaign", headings=("LeadSource",), path=f"{{{LEAD_CAMPAIGN}}}"),
                Field("lifecycle_stage", headings=("Status",), path="Status"),
                Field("created_at", "datetime", headings=("CreatedDate",), path="CreatedDate"),
                Field("mql_at", "datetime", headings=("MQL_Date__c",), path=f"{{{MQL}}}"),
                Field(
                    "customer_at", "datetime", headings=("ConvertedDate",), path=f"{{{CUSTOMER}}}"
                ),
                Field("converted_to", headings=("ConvertedContactId",), path="ConvertedContactId"),
                Field("contact_campaign", path=f"{{{CONTACT_CAMPAIGN}}}"),
                Field("contact_mql_at", "datetime", path=f"{{{CONTACT_MQL}}}"),
                Field("contact_customer_at", "datetime", path=f"{{{CONTACT_CUSTOMER}}}"),
            ),
            only={
                "campaign": "Lead",
                "lifecycle_stage": "Lead",
                "mql_at": "Lead",
                "customer_at": "Lead",
                "converted_to": "Lead",
                "contact_campaign": "Contact",
                "contact_mql_at": "Contact",
                "contact_customer_at": "Contact",
            },
            needed=("owner", "created_at", "converted_to"),
        ),
        _stream(
            "activities",
            "One row is one task or event of an employee.",
            ("Task", "Event"),
            (
                _id("activity_id"),
                Field("activity_type", headings=("TaskSubtype", "Type"), path="TaskSubtype"),
                Field("owner", headings=("OwnerId",), path="OwnerId"),
                Field("campaign"),
                Field("activity_at", "datetime", headings=("ActivityDate",), path="ActivityDate"),
            ),
            activity="activity_at",
            needed=("owner", "activity_at"),
        ),
        _stream(
            "accounts",
            "One row is one account, as it is now.",
            ("Account",),
            (
                _id("company_id"),
                Field("name", headings=("Name",), path="Name"),
                Field("country", headings=("BillingCountry",), path="BillingCountry"),
            ),
            activity=None,
        ),
        _stream(
            "line_items",
            "One row is one product on one opportunity.",
            ("OpportunityLineItem",),
            (
                _id("line_item_id"),
                Field("deal_id", headings=("OpportunityId",), path="OpportunityId"),
                Field("product", headings=("Product2.Name", "Name"), path="Product2.Name"),
                Field("quantity", "decimal", headings=("Quantity",), path="Quantity"),
                Field("amount", "decimal", headings=("TotalPrice",), path="TotalPrice"),
                Field("unit_cost", "decimal", path=f"{{{COST}}}"),
                Field("currency", headings=("CurrencyIsoCode",), path=f"{{{CURRENCY}}}"),
            ),
            activity=None,
            needed=("deal_id", "quantity", "amount", "currency"),
        ),
        _stream(
            "users",
            "One row is one user who can own records, also those who left.",
            ("User",),
            (
                _id("owner_id"),
                Field("email", headings=("Email",), path="Email"),
                Field("name", headings=("Name",), path="Name"),
                Field("is_active", headings=("IsActive",), path="IsActive"),
            ),
            activity=None,
        ),
    ),
)
