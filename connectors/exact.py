"""Exact Online (finance): journal lines, the ledger accounts they are on, and receivables.

From the API, or from export files. Exact numbers each change of a journal line (its row version,
`Timestamp`, an int64 and no date): a pull asks for what has a higher one, then for deletions. A
weekly sweep reads everything, which also heals what the list of deletions (kept for some two
months) no longer tells, and lines that were booked under a number below the newest while it was
read. Receivables are filtered by `Modified`.

Which accounts are revenue, costs, subsidies or bank is a setting: by account code, or by Exact's
own type of the account. It is written on each line as it is read, so after a change of the
settings read again what there is: `koers backfill exact --from ... --to ...`. Revenue is credit,
which Exact shows as negative; staging turns the sign.

The access token lives 600 s, is given at most every 570 s and 200 times a day, and each comes with
a new refresh token, which makes the old one worthless: see `connectors.core.api.rotating`. Ten
errors of the kinds 400, 401, 403 and 404 in an hour at one endpoint block it for an hour, so no
refusal is repeated.

Sources: the sync endpoints, their filter, the page sizes and the deletions as a project uses them
that keeps a copy of the ledger by them, the fields as four client libraries list them, the limits
as Exact's knowledge base is quoted (all seen by November 2026). UNVERIFIED: that refresh tokens
live 30 days; `sync/Financial/GLAccounts`, the types of accounts, and the shape of an error; the
numbers of kinds in `sync/Deleted` beyond what a client library lists; that `Modified` is the local
time of the administration (read as UTC it is too late by an hour or two, and never too early); the
sign of a receivable and whether one that is paid in terms is several rows; the headings of export
files.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from connectors.core.api.auth import Auth, Send
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, Listing, Listings, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page
from connectors.core.api.rotating import Rotating, TokenFile, judge_grant
from connectors.core.api.values import Values, Variable, number, whole_number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import CredentialsError

CLIENT_ID = "KOERS_EXACT_CLIENT_ID"
CLIENT_SECRET = "KOERS_EXACT_CLIENT_SECRET"  # noqa: S105 - the name of a variable
REFRESH_TOKEN = "KOERS_EXACT_REFRESH_TOKEN"  # noqa: S105 - the name of a variable
DIVISION = "KOERS_EXACT_DIVISION"
URL = "KOERS_EXACT_URL"
MINUTE = "KOERS_EXACT_REQUESTS_PER_MINUTE"
PROJECT = "KOERS_EXACT_PROJECT_FIELD"
BANK_HEADERS = "KOERS_EXACT_BANK_HEADER_LINES"
SIGN = "KOERS_EXACT_RECEIVABLE_SIGN"
LINES_DELETED = "KOERS_EXACT_DELETED_LINES"

KINDS = {
    # The most particular first: a code goes before a type, and these before those below.
    "subsidy": ("KOERS_EXACT_SUBSIDY", "Subsidy accounts: codes, ranges 8500-8599, types", ""),
    "marketing_cost": ("KOERS_EXACT_MARKETING_COST", "Marketing cost accounts, likewise", ""),
    "cost_of_sales": ("KOERS_EXACT_COST_OF_SALES", "Cost of sales accounts", "type:111"),
    "revenue": ("KOERS_EXACT_REVENUE", "Revenue accounts", "type:110"),
    "cost": ("KOERS_EXACT_COST", "Other cost accounts", "type:120-126,type:130"),
    "bank": ("KOERS_EXACT_BANK", "Bank and cash accounts", "type:10,type:12"),
}
VARIABLES = (
    Variable(CLIENT_ID, "App in the Exact App Centre: client id"),
    Variable(CLIENT_SECRET, "App in the Exact App Centre: client secret", secret=True),
    Variable(
        REFRESH_TOKEN,
        "A file with the refresh token alone; Koers rewrites it with each new token",
        secret=True,
        kept=True,
    ),
    Variable(DIVISION, "The administration: the number in the address of its pages"),
    Variable(URL, "Address of the country", default="https://start.exactonline.nl"),
    Variable(MINUTE, "Requests in a minute", default="60"),
    *(Variable(name, text, default=given, optional=True) for name, text, given in KINDS.values()),
    Variable(PROJECT, "Field of a line that names the project", default="CostUnit"),
    Variable(BANK_HEADERS, "yes: line 0 of an entry counts on bank accounts", default="no"),
    Variable(SIGN, "1, or -1 where receivables are negative", default="1"),
    Variable(LINES_DELETED, "Number of journal lines in the list of deletions", default="1"),
)
SIZE = 1_000
LINE_FIELDS = (
    "ID",
    "Timestamp",
    "Date",
    "EntryNumber",
    "LineNumber",
    "GLAccount",
    "GLAccountCode",
    "CostCenter",
    "AmountDC",
    "Modified",
)
ACCOUNT_FIELDS = ("ID", "Timestamp", "Code", "Description", "Type", "BalanceType")
RECEIVABLE_FIELDS = (
    "ID",
    "AccountName",
    "AmountDC",
    "DueDate",
    "InvoiceDate",
    "InvoiceNumber",
    "IsFullyPaid",
    "LastPaymentDate",
    "Modified",
)
_MOMENTS = ("Modified", "DeletedDate")
_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")
_GUID = re.compile(r"[{(]?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})[)}]?")


@dataclass(frozen=True)
class ODataRecords:
    """The records in OData version 2: `{"d": {"results": [...]}}`, or `{"d": [...]}`."""

    expect: Literal["json", "csv"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        found = at(content, "d.results")
        if found is None and isinstance(content, dict):
            found = content.get("d")
        if not isinstance(found, list):
            raise MalformedError("has no list of records at d or d.results")
        return content, [_plain(record) for record in found]


@dataclass(frozen=True)
class NextPage:
    """The address of the next page as Exact gives it, not taken apart: what it holds is Exact's."""

    def next(self, request: Request, page: Page) -> Request | None:
        link = at(page.content, "d.__next")
        return replace(request, path=str(link), params={}) if link else None


def _plain(record: Json) -> Json:
    """Dates and ids in the spellings of the landing. A date without a time is midnight UTC: that
    day, and not the one that begins or ends there elsewhere."""
    if not isinstance(record, dict):
        return record
    return {name: _value(name, value) for name, value in record.items() if name != "__metadata"}


def _value(name: str, value: Json) -> Json:
    if not isinstance(value, str):
        return value
    value = value.strip()
    if found := _GUID.fullmatch(value):
        return found[1].lower()
    if found := _DATE.fullmatch(value):
        try:
            moment = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=int(found[1]))  # noqa: DTZ001
        except OverflowError:
            return value
        if name in _MOMENTS:
            return moment.isoformat(timespec="milliseconds") + "Z"
        return moment.date().isoformat()
    return value


def _version(record: Json) -> int | None:
    """Its row version; sometimes a text."""
    found = record.get("Timestamp")
    text = str(found).rstrip("L") if isinstance(found, (int, str)) else ""
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _judge(response: Response) -> Verdict | None:
    """A 429 is of the minute or of the day; words are in an object of their own."""
    if (verdict := judge_grant(response)) is not None:
        return verdict
    status, headers = response.status, response.headers
    if status == 429:
        if headers.get("x-ratelimit-remaining") == "0":
            return Verdict("spent", "the requests of today for this administration are used up")
        if (wait := _until_reset(headers)) is not None:
            return Verdict("again", "HTTP 429", wait, pause=True)
        return None
    if status in (400, 401, 403, 404) and (words := _words(response)):
        reason = f"HTTP {status} ({words})"
        if status == 401:
            return Verdict("renew", reason)
        if status == 403:
            return Verdict("denied", f"{reason}: this account may not read it")
        return Verdict("refused", reason)
    return None


def _words(response: Response) -> str:
    try:
        found = at(response.json(), "error.message.value")
    except MalformedError:
        return ""
    return found[:200] if isinstance(found, str) else ""


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the minute is over: milliseconds since 1970, by Exact's own clock."""
    reset = headers.get("x-ratelimit-minutely-reset", "")
    if not reset.isdecimal() or len(reset) > 15:
        return None
    try:
        now = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        now = dt.datetime.now(dt.UTC)
    # The header tells whole seconds, so one more is needed.
    return min(120.0, max(1.0, int(reset) / 1_000 - now.timestamp() + 1.0))


class AccountKinds:
    """What a ledger account is to the figures: a key of `KINDS`, `balance` for any other account of
    the balance sheet, `unknown` for one of the profit and loss account that no setting names."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._codes: list[tuple[str, str, str]] = []
        self._types: list[tuple[str, str, str]] = []
        for kind, (variable, _, _) in KINDS.items():
            for item in filter(None, (part.strip() for part in values[variable].split(","))):
                is_type = item.lower().startswith("type:")
                text = item[len("type:") :] if is_type else item
                first, _, last = (part.strip() for part in text.partition("-"))
                (self._types if is_type else self._codes).append((kind, first, last or first))

    def of(self, account: Mapping[str, Json]) -> str:
        """The kind of a record of GLAccounts."""
        if kind := _within(self._codes, str(account.get("Code") or "").strip()):
            return kind
        kind = _within(self._types, str(account.get("Type")))
        is_result = account.get("BalanceType") == "W"
        is_balance = account.get("BalanceType") == "B"
        if kind and not (is_balance and kind != "bank") and not (is_result and kind == "bank"):
            return kind
        return "balance" if is_balance else "unknown"


def _within(ranges: Iterable[tuple[str, str, str]], code: str) -> str:
    """The kind of the first range that holds a code; of a range, codes of its length only, since
    `0800` and `800` may be two accounts."""
    for kind, first, last in ranges:
        if code == first or (len(first) == len(code) == len(last) and first <= code <= last):
            return kind
    return ""


def _path(values: Mapping[str, str], rest: str) -> str:
    return f"/api/v1/{values[DIVISION]}/{rest}"


def _after(values: Mapping[str, str], rest: str, version: int, select: Iterable[str]) -> Request:
    params = {"$filter": f"Timestamp gt {version}L", "$select": ",".join(select)}
    return Request(_path(values, rest), params)


def _lines(values: Values, window: Window) -> Sequence[Listing]:
    """The lines with a higher row version than is known, then the deletions with one."""
    version = window.version or 1
    path, deleted = "sync/Financial/TransactionLines", "sync/Deleted"
    lines = _after(values, path, version, dict.fromkeys((*LINE_FIELDS, values[PROJECT])))
    gone = _after(values, deleted, version, ("Timestamp", "EntityKey", "EntityType", "DeletedDate"))
    accounts = _Accounts(values)
    found = Listing(lines, ODataRecords(), NextPage(), enrich=accounts.told, size=SIZE)
    removed = Listing(gone, ODataRecords(), NextPage(), True, enrich=_gone(values), size=SIZE)
    if window.version is None and window.since is None:
        # What is not there is found missing.
        return (found,)
    if window.version is None and window.since is not None:
        found = replace(found, prepare=_since(values, window.since, lines))
        removed = replace(removed, prepare=_since(values, window.since, gone))
    return (found, removed)


def _since(
    values: Mapping[str, str], since: dt.datetime, request: Request
) -> Callable[[Client], Request]:
    """Asks for the row version of a moment, for a backfill; a day earlier, since whose clock is
    meant is not known."""
    day = (since - dt.timedelta(days=1)).strftime("%Y-%m-%dT00:00:00")
    params = {"modified": f"datetime'{day}'", "endPoint": "'TransactionLines'"}

    def prepare(client: Client) -> Request:
        asked = Request(_path(values, "read/sync/Sync/SyncTimestamp"), params)
        found = at(client.send(asked).json(), "d")
        found = found.get("results", found) if isinstance(found, dict) else found
        first = found[0] if isinstance(found, list) and found else found
        text = str(first.get("TimeStampAsBigInt")) if isinstance(first, dict) else ""
        # Where Exact knows no version of that day, everything is read.
        version = int(text) if text.isdecimal() else 1
        return request.with_params(**{"$filter": f"Timestamp gt {version}L"})

    return prepare


class _Accounts:
    """Tells of each line what its account is. The accounts are read once in a pull."""

    def __init__(self, values: Values) -> None:
        self._request = _after(values, "sync/Financial/GLAccounts", 1, ACCOUNT_FIELDS)
        self._kinds = AccountKinds(values)
        self._with_headers = values[BANK_HEADERS].lower() in ("yes", "true", "1", "ja")
        self._found: dict[str, str] | None = None

    def told(self, client: Client, records: Sequence[Json]) -> Iterator[Json]:
        if self._found is None:
            self._found = {
                str(account.get("ID")): self._kinds.of(account)
                for account in _all(client, self._request)
            }
        for line in records:
            kind = self._found.get(str(line.get("GLAccount")))
            is_header = str(line.get("LineNumber")) == "0"
            if is_header and not (kind == "bank" and self._with_headers):
                kind = "header"
            yield {**line, "account_type": kind}


def _all(client: Client, first: Request) -> Iterator[Json]:
    request: Request | None = first
    seen: set[str] = set()
    while request is not None and request.path + request.query not in seen:
        seen.add(request.path + request.query)
        response = client.send(request, check=ODataRecords().of)
        content, records = ODataRecords().of(response)
        yield from (record for record in records if isinstance(record, dict))
        request = NextPage().next(request, Page(response, content, records))


def _gone(values: Values) -> Callable[[Client, Sequence[Json]], Iterator[Json]]:
    """Of the deletions of all kinds, those of lines."""
    kind = whole_number(values, LINES_DELETED, 1_000)

    def told(client: Client, records: Sequence[Json]) -> Iterator[Json]:
        for record in records:
            if str(record.get("EntityType")) == str(kind):
                moment = _after_any_change(record.get("DeletedDate"))
                yield {"ID": record.get("EntityKey"), "Modified": moment}

    return told


def _after_any_change(moment: Json) -> Json:
    """A deletion later than the last change, also where one is told in local time and the other in
    UTC. An id is never used again, so nothing comes after it."""
    try:
        later = dt.datetime.fromisoformat(moment) + dt.timedelta(hours=3)
    except (TypeError, ValueError, OverflowError):
        return moment
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told_accounts(values: Values) -> Callable[[Client, Sequence[Json]], Iterator[Json]]:
    kinds = AccountKinds(values)
    return lambda client, records: ({**each, "kind": kinds.of(each)} for each in records)


def _accounts(values: Values, window: Window) -> Sequence[Listing]:
    request = _after(values, "sync/Financial/GLAccounts", 1, ACCOUNT_FIELDS)
    enrich = _told_accounts(values)
    return (Listing(request, ODataRecords(), NextPage(), enrich=enrich, size=SIZE),)


def _receivables(values: Values, window: Window) -> Sequence[Listing]:
    since = window.since or dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    params = {
        "$filter": f"Modified ge datetime'{moment}'",
        "$select": ",".join(RECEIVABLE_FIELDS),
    }
    request = Request(_path(values, "bulk/Cashflow/Receivables"), params)
    sign = values[SIGN].strip()
    if sign not in ("1", "-1"):
        raise CredentialsError(f"{SIGN} is to be 1 or -1")

    def told(client: Client, records: Sequence[Json]) -> Iterator[Json]:
        for record in records:
            amount = record.get("AmountDC")
            paid = record.get("LastPaymentDate") if record.get("IsFullyPaid") is True else None
            if sign == "-1" and amount is not None:
                text = str(amount)
                amount = text[1:] if text.startswith("-") else f"-{text}"
            yield {**record, "AmountDC": amount, "paid": paid}

    return (Listing(request, ODataRecords(), NextPage(), enrich=told, size=SIZE),)


def _auth(values: Values, clock: Clock) -> Auth:
    return _Json(
        Rotating(
            "/api/oauth2/token",
            {
                "grant_type": "refresh_token",
                "client_id": values[CLIENT_ID],
                "client_secret": values[CLIENT_SECRET],
            },
            TokenFile(Path(values[REFRESH_TOKEN]), f"{REFRESH_TOKEN}_FILE"),
            clock,
            values.hide,
            login="Give the app access again, and put the new refresh token alone in that file.",
            lifetime=600.0,
            soonest=570.0,
            per_day=200,
        )
    )


class _Json:
    """Asks for JSON with every request, since Exact answers XML otherwise."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    def headers(self, send: Send, request: Request, url: str) -> Mapping[str, str]:
        return {**self._auth.headers(send, request, url), "Accept": "application/json"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return self._auth.renew({n: v for n, v in refused.items() if n != "Accept"})


def _account(values: Mapping[str, str]) -> tuple[Request, Callable[[Json], Json]]:
    """Exact tells which administration the user looks at, which changes with a click; so the one
    that is named is the account, and that it can be read is the proof."""
    request = _after(values, "sync/Financial/GLAccounts", 1, ACCOUNT_FIELDS)
    division = values[DIVISION]
    return request, lambda content: division if at(content, "d") is not None else None


_UPDATED = Field("updated_at", "datetime", headings=("Gewijzigd", "Modified"), path="Modified")
_SWEEP = dt.timedelta(days=7)
_LINES: Listings = _lines

CONNECTOR = Connector(
    name="exact",
    label="Exact Online",
    kind="finance",
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=_account,
        limits=lambda values: (Limit(number(values, MINUTE), 60.0),),
        judge=_judge,
        parallel=2,
        setup="App Centre > Manage apps: an app with the scopes Financial accounting, "
        "generalledgers and receivables (read).",
    ),
    streams=(
        Stream(
            name="transaction_lines",
            description="One row is one line of a journal entry, as it is now.",
            key=("line_id",),
            updated_at="updated_at",
            activity="entry_date",
            fields=(
                Field("line_id", headings=("Regel-ID", "Line ID"), path="ID", required=True),
                Field("entry_date", "date", headings=("Datum", "Date"), path="Date", required=True),
                Field(
                    "entry_number",
                    headings=("Boekstuknummer", "Entry number"),
                    path="EntryNumber",
                ),
                Field("line_number", headings=("Regel", "Line"), path="LineNumber"),
                Field(
                    "account_code",
                    headings=("Grootboekrekening", "G/L Account"),
                    path="GLAccountCode",
                ),
                Field("account_type", headings=("Soort", "Type"), path="account_type"),
                Field("cost_centre", headings=("Kostenplaats", "Cost center"), path="CostCenter"),
                Field(
                    "project_code", headings=("Kostendrager", "Cost unit"), path=f"{{{PROJECT}}}"
                ),
                Field("amount", "decimal", headings=("Bedrag", "Amount"), path="AmountDC"),
                _UPDATED,
            ),
            pull=Pull(_LINES, _LINES, sweep=_SWEEP, version=_version, needs="Financial accounting"),
        ),
        Stream(
            name="gl_accounts",
            description="One row is one ledger account, with what it counts as.",
            key=("account_id",),
            mode="full",
            fields=(
                Field("account_id", headings=("Rekening-ID",), path="ID", required=True),
                Field("account_code", headings=("Rekeningcode",), path="Code"),
                Field("description", headings=("Omschrijving", "Description"), path="Description"),
                Field("exact_type", headings=("Rekeningtype",), path="Type"),
                Field("balance_type", headings=("Balans/W&V",), path="BalanceType"),
                Field("account_type", headings=("Telt als",), path="kind"),
            ),
            pull=Pull(_accounts, needs="Financial generalledgers"),
        ),
        Stream(
            name="receivables",
            description="One row is one sales invoice (or a term of it), as it is now.",
            key=("receivable_id",),
            updated_at="updated_at",
            activity="invoice_date",
            fields=(
                Field("receivable_id", headings=("Post-ID",), path="ID", required=True),
                Field(
                    "invoice_number",
                    headings=("Factuurnummer", "Invoice number"),
                    path="InvoiceNumber",
                ),
                Field("customer", headings=("Klant", "Debiteur", "Customer"), path="AccountName"),
                Field(
                    "invoice_date",
                    "date",
                    headings=("Factuurdatum", "Invoice date"),
                    path="InvoiceDate",
                    required=True,
                ),
                Field(
                    "due_date",
                    "date",
                    headings=("Vervaldatum", "Due date"),
                    path="DueDate",
                    required=True,
                ),
                Field("paid_date", "date", headings=("Betaald op", "Paid on"), path="paid"),
                Field(
                    "amount",
                    "decimal",
                    headings=("Bedrag", "Amount"),
                    path="AmountDC",
                    required=True,
                ),
                _UPDATED,
            ),
            pull=Pull(
                _receivables,
                _receivables,
                sweep=_SWEEP,
                needs="Financial receivables",
                optional=True,
            ),
        ),
    ),
)
