"""A fake Google Analytics 4: the token endpoint, which checks the signature of a service account,
and reports of one property. All values are texts, and a report without rows has no `rows`."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.statistics import LACKS, WebStatistics
from pipelines.sandbox.tables import Row, Tables, lately, many_visits
from pipelines.sandbox.vendors import Vendor

EMAIL = "koers@sandbox.iam.example"
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
_COLUMNS = {
    "date": ("visit_date", "conversion_date"),
    "landingPage": ("page",),
    "eventName": ("goal",),
    "sessionCampaignName": ("campaign",),
    "sessions": ("visits",),
    "totalUsers": ("visitors",),
    "keyEvents": ("conversions",),
}


@functools.cache
def key() -> RSAPrivateKey:
    """The key of the service account, made anew by each process: none is kept in the project."""
    return generate_private_key(65_537, 2_048)


def document() -> str:
    """The JSON file that Google Cloud hands out, in one line."""
    pem = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    content = {"type": "service_account", "client_email": EMAIL, "private_key_id": "k1"}
    return json.dumps({**content, "private_key": pem.decode()})


class Ga4(WebStatistics):
    """One property, read by one service account."""

    def __init__(self, tables: Tables, number: str = "31337") -> None:
        super().__init__(tables)
        self.number = number
        self._tokens = 0
        self._last: Reply | None = None

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if call.path == "/token":
            return self._token(call)
        if fault is not None and fault.kind == "expired_token":
            self._tokens += 1
        if call.headers.get("authorization") != f"Bearer sandbox-ga4-token-{self._tokens}":
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        if fault is not None and fault.kind == "shift":
            self.change("visits", 1)
        if call.path.endswith("/metadata"):
            return Reply({"name": f"properties/{self.number}/metadata", "dimensions": []})
        if call.method != "POST" or not call.path.endswith(f"/{self.number}:runReport"):
            return _error(403, "PERMISSION_DENIED", "User does not have sufficient permissions.")
        self._last = self._report(call.json())
        return self._last

    def _token(self, call: Call) -> Reply:
        text = call.form().get("assertion", "")
        try:
            signed, _, signature = text.rpartition(".")
            public = key().public_key()
            public.verify(_unpacked(signature), signed.encode(), PKCS1v15(), SHA256())
            claims = json.loads(_unpacked(signed.partition(".")[2]))
        except (ValueError, InvalidSignature):
            return Reply({"error": "invalid_grant", "error_description": "Bad signature."}, 400)
        asked = (claims["iss"], claims["aud"], claims["scope"], claims["exp"] - claims["iat"])
        if asked != (EMAIL, f"{call.base_url}/token", SCOPE, 3_600):
            return Reply({"error": "invalid_grant", "error_description": "Bad claims."}, 400)
        self._tokens += 1
        token = f"sandbox-ga4-token-{self._tokens}"
        return Reply({"access_token": token, "expires_in": 3_599, "token_type": "Bearer"})

    def _report(self, query: dict[str, Any]) -> Reply:
        [asked] = query["dateRanges"]
        dimensions = [each["name"] for each in query["dimensions"]]
        metrics = [each["name"] for each in query["metrics"]]
        stream = "conversions" if "keyEvents" in metrics else "visits"
        rows = [
            {
                "dimensionValues": [{"value": _cell(row, name)} for name in dimensions],
                "metricValues": [{"value": _cell(row, name)} for name in metrics],
            }
            for row in self.between(stream, asked["startDate"], asked["endDate"])
        ]
        rows.sort(key=lambda row: [each["value"] for each in row["dimensionValues"]])
        first, limit = int(query["offset"]), int(query["limit"])
        report: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
            "rowCount": len(rows),
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Amsterdam"},
            "kind": "analyticsData#runReport",
        }
        if part := rows[first : first + limit]:
            report["rows"] = part
        else:
            del report["rowCount"]
        return Reply(report)


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _error(status: int, name: str, message: str) -> Reply:
    return Reply({"error": {"code": status, "message": message, "status": name}}, status)


def _cell(row: Row | Mapping[str, Any], name: str) -> str:
    value = next(row[column] for column in _COLUMNS[name] if column in row)
    if name == "date":
        return f"{value:%Y%m%d}"
    return "(not set)" if value is None else str(value)


VENDOR = Vendor(
    connector="ga4",
    longest=("visits", ":runReport"),
    pinned="number",
    quick={"KOERS_GA4_ROWS_PER_PAGE": "60", "KOERS_GA4_SINCE": "5"},
    many=many_visits,
    lately=lately,
    account=Ga4,
    environment=lambda url: {
        "KOERS_GA4_URL": url,
        "KOERS_GA4_TOKEN_URL": f"{url}/token",
        "KOERS_GA4_CREDENTIALS": document(),
        "KOERS_GA4_PROPERTY": "31337",
    },
    lacks={**LACKS, "secrets": "the key signs, and is never sent"},
)
