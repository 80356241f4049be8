"""A child process on a failing disk: `main([SCENARIO, HOME, FOLDER, WHAT, NTH, ERROR, STICKY])`."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from pathlib import Path

from pipelines import records
from pipelines.engineers import tell_engineers
from pipelines.publication import current, publish
from pipelines.said.recording import record_all
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.small_groups import remember
from pipelines.watch.ledger import open_ledger
from tests.landing.making import LISTS, TOOL, ingest

CHOSEN = Settings(
    alerts=Alerts(channels=[Channel(name="engineers", url_env="NOWHERE", owners=["data"])])
)


def land(home: Home) -> None:
    for connector in (TOOL, LISTS):
        ingest(home.root, connector)


def put_out(home: Home) -> None:
    publish(home.warehouse, home, run_id="child", keep=2)


def tell(home: Home) -> None:
    tell_engineers(home, CHOSEN, "again", "again", "again")


def say(home: Home) -> None:
    record_all(home)


def note(home: Home) -> None:
    records.write(records.last_build(home), {"at": "new"})
    remember(home.shown_groups, 5, {"a group": {"2025-01-01": ["new"]}})


def migrate(home: Home) -> None:
    with open_ledger(home.ledger):
        pass


SCENARIOS = {each.__name__: each for each in (land, put_out, tell, say, note, migrate)}


def main(arguments: Sequence[str]) -> None:
    scenario, root, under, what, nth, number, sticky = arguments
    home, error = Home(Path(root)), ""
    disk = ctypes.CDLL(None)
    current(home)
    disk.koers_disk_arm(under.encode(), int(what), int(nth), int(number), int(sticky))
    try:
        SCENARIOS[scenario](home)
    except Exception as wrong:  # noqa: BLE001 - which one it is, the test judges
        error = f"{type(wrong).__name__}: {wrong}"
    calls, hits = disk.koers_disk_calls(), disk.koers_disk_hits()
    disk.koers_disk_arm(b"", 0, 0, 0, 0)
    print(json.dumps({"calls": calls, "hits": hits, "error": error}))
