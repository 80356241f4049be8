"""What people say to have expected: a campaign, a holiday, a move. The alert stays quiet, and its
periods are a known event, which the process band does not learn from.

The ledger holds what was said. The build reads it as a known event like any other, out of a file
beside the one that people edit, so the warehouse follows from the landing alone:

    ledger -> inbox/organisation/known_events-alerts.csv -> landing -> known_events -> process band

The file is made from the ledger whenever it differs: by the act, or by the next run where the act
was killed in between.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.core.durable import make_folder, replace_text
from connectors.core.inbox import SETTLE_SECONDS
from pipelines.publication import Clock, utc_now
from pipelines.security.spreadsheet import cell
from pipelines.settings import Home
from pipelines.watch import machine
from pipelines.watch.acts import found
from pipelines.watch.drift import KINDS
from pipelines.watch.formats import label
from pipelines.watch.history import Told, following, latest, record
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.machine import ActError

FILE_NAME = "known_events-alerts.csv"
KIND = "expected"
_HEADINGS = ("event", "kind", "org_unit_id", "kpi", "valid_from", "valid_to")
_LATEST = """
select * from expected_events
where event_id in (select max(event_id) from expected_events group by alert_id) and is_expected
order by alert_id
"""


@dataclass(frozen=True)
class Expected:
    """Days (both included) of a KPI of a unit that somebody said to have expected, and why."""

    alert_id: str
    kpi: str
    org_unit_id: str
    since: dt.date
    until: dt.date
    why: str
    by: str


def expect(
    ledger: Path,
    name: str,
    by: str,
    why: str,
    since: dt.date | None = None,
    until: dt.date | None = None,
    clock: Clock = utc_now,
) -> Told:
    """Say that what an alert tells was expected. since, until: days, both included; else all its
    periods up to the newest one. A second time replaces what was said the first.

    Raises ActError, also where `name` (an alert's id, or its beginning) is of no alert or of
    several; LedgerError.
    """
    if not why.strip():
        raise ActError("Say why it was expected: that is what readers will see.")
    with open_ledger(ledger) as connection, transaction(connection):
        told = found(connection, name)
        if told.row.kind not in KINDS:
            raise ActError("Of a source that gives no data nothing can be expected: silence it.")
        says = Expected(
            told.alert.alert_id,
            told.row.kpi,
            told.row.org_unit_id,
            since or told.alert.since,
            until or told.row.period_end,
            label(why),
            by,
        )
        if says.since > says.until:
            raise ActError(f"{says.since} lies after {says.until}.")
        at = told.alert.at
        after = machine.acknowledge(at) if at.is_raised else at
        now = clock()
        _write(connection, says, is_expected=True, now=now)
        record(connection, [following(told, after)], now, by, f"expected: {says.why}")
        return latest(connection)[told.series]


def take_back(
    ledger: Path, name: str, by: str, note: str | None = None, clock: Clock = utc_now
) -> Told:
    """Say that it was not expected after all. Raises ActError where nobody said so; LedgerError."""
    with open_ledger(ledger) as connection, transaction(connection):
        told = found(connection, name)
        said = {each.alert_id: each for each in expected(connection)}
        if told.alert.alert_id not in said:
            raise ActError(f"Nobody said to have expected {told.alert.alert_id}.")
        now = clock()
        _write(connection, said[told.alert.alert_id], is_expected=False, now=now)
        text = f"not expected after all{f': {label(note)}' if note else ''}"
        record(connection, [following(told, told.alert.at)], now, by, text)
        return latest(connection)[told.series]


def expected(connection: sqlite3.Connection) -> list[Expected]:
    """What holds, by alert."""
    return [
        Expected(
            row["alert_id"],
            row["kpi"],
            row["org_unit_id"],
            dt.date.fromisoformat(row["since"]),
            dt.date.fromisoformat(row["until"]),
            row["why"],
            row["by"],
        )
        for row in connection.execute(_LATEST)
    ]


def said_of(connection: sqlite3.Connection, alert_id: str) -> list[dict[str, Any]]:
    """All that was ever said to have been expected of an alert, taken back or not, oldest first."""
    rows = connection.execute(
        "select since, until, why, by, is_expected, occurred_at from expected_events "
        "where alert_id = ? order by event_id",
        [alert_id],
    )
    return [{**dict(row), "is_expected": bool(row["is_expected"])} for row in rows]


def put_expected(home: Home) -> bool:
    """Make the file for the build say what the ledger says; whether it had to be written. Where
    nothing was ever expected there is no file. Raises LedgerError, OSError."""
    file = home.inbox / "organisation" / FILE_NAME
    if not home.ledger.exists():
        return False
    with open_ledger(home.ledger) as connection:
        text = as_csv(expected(connection))
    if file.exists():
        if file.read_text(encoding="utf-8") == text:
            return False
    elif text == as_csv([]):
        return False
    make_folder(file.parent)
    # It is whole when it is there: a run that begins now need not wait until it stands still.
    replace_text(file, text, modified_at=time.time() - SETTLE_SECONDS - 1)
    return True


def as_csv(says: list[Expected]) -> str:
    """The file: written as `connectors/organisation.py` reads it. It lies beside files that people
    open in a spreadsheet, so no text of it is a formula there."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\n")
    rows.writerow(_HEADINGS)
    for each in says:
        days = (f"{day:%d-%m-%Y}" for day in (each.since, each.until))
        rows.writerow(map(cell, (each.why, KIND, each.org_unit_id, each.kpi, *days)))
    return out.getvalue()


def _write(
    connection: sqlite3.Connection, says: Expected, *, is_expected: bool, now: dt.datetime
) -> None:
    connection.execute(
        "insert into expected_events (alert_id, kpi, org_unit_id, since, until, why, by, "
        "is_expected, occurred_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            says.alert_id,
            says.kpi,
            says.org_unit_id,
            says.since.isoformat(),
            says.until.isoformat(),
            says.why,
            says.by,
            int(is_expected),
            timestamp(now),
        ],
    )
