"""A child process that pulls one stream, page by page: `python -m tests.api.child CONNECTOR
STREAM`. With `--peak` it reads all in one load and tells the most memory that Python held, in
bytes."""

import datetime as dt
import os
import sys
import tracemalloc
from pathlib import Path

from connectors.core.api.account import open_account
from connectors.core.api.pull import pull
from connectors.core.discover import discover
from tests.api.pulling import LATER

if __name__ == "__main__":
    peak = "--peak" in sys.argv
    if peak:
        tracemalloc.start()
    connector = discover()[sys.argv[1]]
    with open_account(connector) as account:
        pull(
            connector,
            Path(os.environ["KOERS_HOME"]) / "landing",
            values=account.values,
            client=account.client,
            now=dt.datetime.now(dt.UTC) + LATER,
            streams=[sys.argv[2]],
            checkpoint=10**9 if peak else 1,
            spool_rows=500,
        )
    if peak:
        print(tracemalloc.get_traced_memory()[1])
