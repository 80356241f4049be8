"""A fake Exact Online: one administration, read by row versions.

It rotates its refresh token, hands it to a file, and takes each only once. Lists are `{"d":
{"results": [...], "__next": ...}}`, a short one `{"d": [...]}`; dates are `/Date(ms)/`, ids come in
capitals, codes with spaces before them and some numbers as texts. Every entry has a header line
(number 0) on the account of debtors, whose amount is that of the entry turned round.
"""

from __future__ import annotations

import atexit
import datetime as dt
import re
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables
from pipelines.sandbox.vendors import Vendor

CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-3c1be80f77"  # noqa: S105 - opens the sandbox only
REFRESH_TOKEN = "sandbox-first-91d2aa"  # noqa: S105 - opens the sandbox only
PAGE = 250
"""A quarter of a real page, so that a small company has several."""
_SPACE = uuid.UUID("5d0a4a52-8e0c-4b9a-9c39-0c1d1f1f6c10")
_DEBTORS = ("1300", "Debiteuren", 20, "B")
_TYPES = {"Omzet": 110, "Kostprijs": 111, "Bank": 12, "Subsidie": 110}
_FILTER = re.compile(r"Timestamp gt (\d+)L")
_MODIFIED = re.compile(r"Modified ge datetime'([^']+)'")
Record = dict[str, Any]


class Exact:
    """One administration. `division`: its number. `now`: what its lists of changes go by."""

    def __init__(self, tables: Tables, division: str = "2147483") -> None:
        self.division = division
        self._refresh, self._access = REFRESH_TOKEN, "none"
        self._given, self._version = 0, 4_000_000_000
        self._last: Reply | None = None
        self._tables: dict[str, dict[str, Record]] = {"lines": {}, "accounts": {}, "invoices": {}}
        self._deleted: list[Record] = []
        self._accounts(tables)
        for row in tables.entries:
            self._entry(row)
        for row in tables.invoices:
            self._put("invoices", _receivable(row))

    def _accounts(self, tables: Tables) -> None:
        kinds = {row["account_code"]: row["account_type"] for row in tables.entries}
        accounts = [
            (code, kind, _TYPES.get(kind, 121), "B" if kind == "Bank" else "W")
            for code, kind in sorted(kinds.items())
        ]
        for code, description, number, balance in (*accounts, _DEBTORS):
            self._put(
                "accounts",
                {
                    "ID": _guid(f"account/{code}"),
                    "Code": f"  {code}",
                    "Description": description,
                    "Type": number,
                    "BalanceType": balance,
                },
            )

    def _entry(self, row: Row) -> None:
        is_credit = row["account_type"] in ("Omzet", "Subsidie")
        amount = -row["amount"] if is_credit else row["amount"]
        for number, code, value in (
            (0, _DEBTORS[0], -amount),
            (1, row["account_code"], amount),
        ):
            self._put(
                "lines",
                {
                    "ID": _guid(f"line/{row['entry_id']}/{number}"),
                    "Date": _day(row["entry_date"]),
                    "EntryNumber": row["entry_id"],
                    "LineNumber": number,
                    "GLAccount": _guid(f"account/{code}"),
                    "GLAccountCode": f"  {code}",
                    "CostCenter": row["cost_centre"] if number else None,
                    "CostUnit": row["project_code"] if number else None,
                    "AmountDC": float(value),
                    "Modified": _day(row["entry_date"]),
                },
            )

    def _put(self, table: str, record: Record) -> None:
        self._version += 1
        self._tables[table][record["ID"]] = {**record, "Timestamp": self._version}

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        lines, accounts, invoices = (
            len(self._tables[t]) for t in ("lines", "accounts", "invoices")
        )
        return {
            "transaction_lines": (lines, len(self._deleted)),
            "gl_accounts": (accounts, 0),
            "receivables": (invoices, 0),
        }

    def change(self, stream: str, records: int) -> None:
        """A new row version; lines on other words, so that they differ."""
        table = _TABLES[stream]
        newest = sorted(self._tables[table].values(), key=lambda each: each["Timestamp"])
        for record in newest[-records:]:
            now = dt.datetime.now(dt.UTC)
            self._put(table, {**record, "Modified": _moment(now)})

    def remove(self, stream: str, records: int) -> None:
        """Lines are told as deleted; all else vanishes."""
        table = _TABLES[stream]
        oldest = sorted(self._tables[table].values(), key=lambda each: each["Timestamp"])
        for record in oldest[:records]:
            del self._tables[table][record["ID"]]
            if stream == "transaction_lines":
                self._version += 1
                self._deleted.append(
                    {
                        "ID": str(uuid.uuid4()),
                        "Timestamp": self._version,
                        "EntityKey": record["ID"],
                        "EntityType": 1,
                        "DeletedDate": _moment(dt.datetime.now(dt.UTC)),
                    }
                )

    def withdraw(self) -> None:
        """Take back the access token."""
        self._access = "withdrawn"

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        kind = fault.kind if fault is not None else ""
        if call.path == "/api/oauth2/token":
            return self._token(call.form())
        if kind == "expired_token":
            self.withdraw()
        if call.headers.get("authorization") != f"Bearer {self._access}":
            return _error(401, "Unauthorized")
        if "json" not in call.headers.get("accept", ""):
            return Reply(b"<feed/>", 200, {"Content-Type": "application/atom+xml"})
        if kind == "expired_page":
            return Reply({"error": {"message": {"value": "the skip token is gone"}}}, 410)
        if kind == "repeat" and self._last is not None:
            return self._last
        prefix = f"/api/v1/{self.division}/"
        if not call.path.startswith(prefix):
            return _error(403, "Forbidden: no right to this division")
        reply = self._answer(call.path.removeprefix(prefix), call)
        if isinstance(reply.body, dict) and isinstance(reply.body.get("d"), dict):
            if kind == "foreign_link" and fault is not None:
                reply.body["d"]["__next"] = fault.link
            if "__next" in reply.body["d"]:
                self._last = reply
        if kind == "shift":
            self.remove("transaction_lines", 1)
            self.change("transaction_lines", 1)
        return reply

    def _token(self, form: dict[str, str]) -> Reply:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Reply({"error": "invalid_client"}, 400)
        if form.get("refresh_token") != self._refresh:
            text = {"error": "invalid_grant", "error_description": "Token is not found"}
            return Reply(text, 400)
        self._given += 1
        self._refresh = f"sandbox-refresh-{self._given}-{uuid.uuid4().hex}"
        self._access = f"sandbox-access-{self._given}-{uuid.uuid4().hex}"
        return Reply(
            {
                "access_token": self._access,
                "token_type": "bearer",
                "expires_in": "600",
                "refresh_token": self._refresh,
            }
        )

    def _answer(self, path: str, call: Call) -> Reply:
        if path == "read/sync/Sync/SyncTimestamp":
            return self._timestamp(call.params.get("modified", ""))
        asked = call.params.get("$filter", "")
        found = _FILTER.fullmatch(asked)
        if path == "bulk/Cashflow/Receivables":
            return self._receivables(call, asked)
        if found is None:
            return _error(400, "The filter is mandatory")
        lists = {
            "sync/Financial/TransactionLines": self._tables["lines"].values(),
            "sync/Financial/GLAccounts": self._tables["accounts"].values(),
            "sync/Deleted": self._deleted,
        }
        if path not in lists:
            return _error(404, "Resource not found for the segment")
        after = int(call.params.get("$skiptoken", found[1]))
        records = sorted(
            (each for each in lists[path] if each["Timestamp"] > after),
            key=lambda each: int(each["Timestamp"]),
        )
        return self._page(call, records, lambda record: str(record["Timestamp"]))

    def _receivables(self, call: Call, asked: str) -> Reply:
        found = _MODIFIED.fullmatch(asked)
        if found is None:
            return _error(400, "The filter is mandatory")
        since = _moment(dt.datetime.fromisoformat(found[1]).replace(tzinfo=dt.UTC))
        token = call.params.get("$skiptoken", "")
        records = sorted(
            (
                each
                for each in self._tables["invoices"].values()
                if _milliseconds(each["Modified"]) >= _milliseconds(since) and each["ID"] > token
            ),
            key=lambda each: str(each["ID"]),
        )
        return self._page(call, records, lambda record: str(record["ID"]))

    def _page(self, call: Call, records: list[Record], token: Any) -> Reply:
        names = call.params["$select"].split(",")
        shown = []
        for record in records[:PAGE]:
            chosen = {name: record.get(name) for name in names}
            if "Timestamp" in chosen and record["Timestamp"] % 7 == 0:
                chosen["Timestamp"] = str(record["Timestamp"])
            shown.append({"__metadata": {"type": "Exact.Web.Api"}, **chosen})
        if len(records) <= PAGE:
            return Reply({"d": shown if len(shown) % 2 else {"results": shown}})
        params = {**call.params, "$skiptoken": token(records[PAGE - 1])}
        return Reply(
            {"d": {"results": shown, "__next": f"{call.base_url}{call.path}?{urlencode(params)}"}}
        )

    def _timestamp(self, modified: str) -> Reply:
        day = dt.datetime.fromisoformat(modified.removeprefix("datetime").strip("'"))
        since = _milliseconds(_moment(day.replace(tzinfo=dt.UTC)))
        later = [
            each["Timestamp"]
            for each in self._tables["lines"].values()
            if _milliseconds(each["Modified"]) >= since
        ]
        version = min(later, default=self._version + 1) - 1
        return Reply({"d": {"results": [{"TimeStampAsBigInt": str(version)}]}})


_TABLES = {"transaction_lines": "lines", "gl_accounts": "accounts", "receivables": "invoices"}


def _error(status: int, text: str) -> Reply:
    return Reply({"error": {"code": "", "message": {"lang": "", "value": text}}}, status)


def _guid(name: str) -> str:
    return str(uuid.uuid5(_SPACE, name)).upper()


def _day(day: dt.date | None) -> str | None:
    if day is None:
        return None
    return _moment(dt.datetime.combine(day, dt.time(), dt.UTC))


def _moment(moment: dt.datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1_000)})/"


def _milliseconds(date: str) -> int:
    return int(date[len("/Date(") : -len(")/")])


def _receivable(row: Row) -> Record:
    return {
        "ID": _guid(f"receivable/{row['invoice_id']}"),
        "AccountName": row["customer"],
        "AmountDC": float(row["amount"]),
        "DueDate": _day(row["due_date"]),
        "InvoiceDate": _day(row["invoice_date"]),
        "InvoiceNumber": row["invoice_id"],
        "IsFullyPaid": row["paid_date"] is not None,
        "LastPaymentDate": _day(row["paid_date"]),
        "Modified": _day(row["paid_date"] or row["invoice_date"]),
    }


def _environment(url: str) -> dict[str, str]:
    """With a token in a file that Koers may rewrite; it goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="koers-sandbox-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "exact-refresh-token"
    file.touch(mode=0o600)
    file.write_text(REFRESH_TOKEN)
    return {
        "KOERS_EXACT_URL": url,
        "KOERS_EXACT_CLIENT_ID": CLIENT_ID,
        "KOERS_EXACT_CLIENT_SECRET": CLIENT_SECRET,
        "KOERS_EXACT_REFRESH_TOKEN_FILE": str(file),
        "KOERS_EXACT_DIVISION": "2147483",
        "KOERS_EXACT_SUBSIDY": "8500-8599",
        "KOERS_EXACT_MARKETING_COST": "4300",
    }


def _many(tables: Tables, number: int) -> Tables:
    """So many lines: two of each entry."""
    entries = [
        {**tables.entries[at % len(tables.entries)], "entry_id": f"M{at:07d}"}
        for at in range(number // 2)
    ]
    return Tables(**{**vars(tables), "entries": entries})


VENDOR = Vendor(
    connector="exact",
    longest=("transaction_lines", "/Financial/TransactionLines"),
    told="transaction_lines",
    pinned="division",
    quick={"KOERS_EXACT_REQUESTS_PER_MINUTE": "1000000"},
    many=_many,
    account=Exact,
    environment=_environment,
)
