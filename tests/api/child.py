"""A child process that pulls one stream, page by page: `main([CONNECTOR, STREAM])`, or with a third
argument as many records as that in a load. With `--peak` it reads all in one load and tells the
most memory that Python held, in bytes."""

from __future__ import annotations

import datetime as dt
import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from connectors.core.api.account import open_account
from connectors.core.api.pull import pull
from connectors.core.discover import discover
from tests.api.later import LATER


def main(arguments: Sequence[str]) -> None:
    peak = "--peak" in arguments
    checkpoint = 10**9 if peak else int(next(iter(arguments[2:]), 1))
    if peak:
        tracemalloc.start()
    connector = discover()[arguments[0]]
    with open_account(connector) as account:
        pull(
            connector,
            Path(os.environ["KOERS_HOME"]) / "landing",
            values=account.values,
            client=account.client,
            now=dt.datetime.now(dt.UTC) + LATER,
            streams=[arguments[1]],
            checkpoint=checkpoint,
            spool_rows=500,
        )
    if peak:
        print(tracemalloc.get_traced_memory()[1])
