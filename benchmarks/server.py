"""A fake HubSpot with many contacts and nothing else, its pages rendered beforehand:
`python -m benchmarks.server CONTACTS` prints its URL when it is ready, and ends with its input."""

from __future__ import annotations

import datetime as dt
import sys

from connectors.hubspot import CAMPAIGN as CAMPAIGN_PROPERTY
from connectors.hubspot import CONNECTOR
from pipelines.sandbox import serve
from pipelines.sandbox.hubspot import HubSpot
from pipelines.sandbox.tables import Row, Tables

START = dt.datetime(2024, 1, 1, 9, 0, tzinfo=dt.UTC)


def contacts(number: int) -> list[Row]:
    """As many contacts, made in the order of their ids."""
    return [
        {
            "contact_id": str(1_000_000 + at),
            "email": f"contact{at}@klant.example",
            "owner_id": str(1 + at % 40),
            "campaign": ("beurs", "web", None)[at % 3],
            "lifecycle_stage": ("lead", "marketingqualifiedlead")[at % 2],
            "created_at": START + dt.timedelta(minutes=at),
            "mql_at": START + dt.timedelta(minutes=at) if at % 2 else None,
            "customer_at": None,
            "updated_at": START + dt.timedelta(minutes=at),
        }
        for at in range(number)
    ]


def properties() -> str:
    """What Koers asks of a contact; the others ask for the same."""
    pull = CONNECTOR.stream("contacts").pull
    if pull is None or CONNECTOR.api is None:
        raise AssertionError("contacts come from the API")
    values = {v.name: v.default or "" for v in CONNECTOR.api.variables}
    names = (f.path.format_map(values) for f in CONNECTOR.stream("contacts").fields)
    found = {n.removeprefix("properties.") for n in names if n.startswith("properties.")}
    return ",".join(sorted(found | {"hs_merged_object_ids", values[CAMPAIGN_PROPERTY]}))


if __name__ == "__main__":
    account = HubSpot(Tables(contacts=contacts(int(sys.argv[1]))))
    account.warm("contacts", properties())
    with serve(account) as box:
        print(box.url, flush=True)
        sys.stdin.read()
