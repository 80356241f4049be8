"""Koers: the stream of contacts, into a landing."""

import datetime as dt
import json
import os
import time
from pathlib import Path

from connectors.core.api.account import open_account
from connectors.core.api.pull import pull
from connectors.hubspot import CONNECTOR

os.environ["KOERS_PSEUDONYM_KEY"] = "made-up-key-of-the-benchmark"
values = {
    "KOERS_HUBSPOT_URL": os.environ["BENCH_URL"],
    "KOERS_HUBSPOT_TOKEN": os.environ["BENCH_TOKEN"],
    # The fake has no limit; the real one allows 10 requests a second.
    "KOERS_HUBSPOT_REQUESTS_PER_10_SECONDS": "1000000",
}
began = time.monotonic()
with open_account(CONNECTOR, environment=values) as account:
    [outcome] = pull(
        CONNECTOR,
        Path(os.environ["BENCH_WORK"]) / "landing",
        values=account.values,
        client=account.client,
        now=dt.datetime.now(dt.UTC),
        streams=["contacts"],
    )
if outcome.failed:
    raise SystemExit(outcome.failed)
loaded = sum(load.counts.loaded for load in outcome.loads)
print(json.dumps({"seconds": time.monotonic() - began, "records": loaded}))
