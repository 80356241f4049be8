"""A home small enough to make in a second, with something in each room that a backup copies."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from pipelines.engineers import tell_engineers
from pipelines.nights import write_down
from pipelines.publication import publish
from pipelines.settings import Home, Settings, settings
from pipelines.watch.ledger import open_ledger
from tests.landing.making import TOOL, csv, deal, ingest, put
from tests.publication.tiny import fact, month, warehouse

SETTINGS = "alerts: {channels: [{name: hook, url_env: KOERS_HOOK, owners: [data]}]}\n"
LONG_AGO = dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()


def fill(home: Home) -> Settings:
    """Landing, publication, ledger with a message that waits, records, an archive."""
    home.root.mkdir(parents=True, exist_ok=True)
    home.root.chmod(0o700)
    home.settings_file.write_text(SETTINGS)
    put(home.root, TOOL, "a.csv", csv([deal(1), deal(2, "x"), deal(3)]), age=90)
    ingest(home.root, TOOL)
    facts = [fact("revenue", "north", month(1), 80.0, "off_course")]
    publish(warehouse(home.warehouse, facts), home, run_id="first", keep=3)
    write_down(home, [])
    chosen = settings(home)
    tell_engineers(home, chosen, "one", "Title", "Body")
    settle(home)
    return chosen


def settle(home: Home) -> None:
    """As if nothing had changed for a while."""
    for folder in (home.landing, home.published, home.inbox):
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                os.utime(file, (LONG_AGO, LONG_AGO))


def messages(home: Home) -> int:
    """How many messages the ledger holds."""
    with open_ledger(home.ledger) as ledger:
        return int(ledger.execute("select count(*) from outbox").fetchone()[0])


def one_more_message(home: Home, key: str) -> None:
    tell_engineers(home, settings(home), key, "Title", "Body")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
