"""An alert ledger that SQLite finds broken is made again, so that no open alert is lost in silence.

From two sources: the rows that can still be read of the broken file, and the transitions that the
newest publication tells (`fct_alert_events`). What only the ledger knows (silences, actions, what
was expected, messages not yet sent) comes back as far as it can be read. The publication before the
newest one counts as the last that was judged, so the newest is judged again: its alerts are told
twice rather than not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.core.durable import sync
from pipelines.publication import (
    Publication,
    PublicationError,
    current,
    open_publication,
    snapshots,
)
from pipelines.recovery.quarantine import new_folder
from pipelines.recovery.sqlite import is_damaged, readable
from pipelines.settings import Home
from pipelines.watch.candidates import newest
from pipelines.watch.ledger import open_ledger, timestamp, transaction

_OWN = ("outbox", "silences", "action_events", "expected_events", "digests")
_EVENT = (
    "alert_id, kpi, org_unit_id, kind, state, occurred_at, period_start, publication_id, dedup_key,"
    " detail"
)


def mend_ledger(home: Home) -> str | None:
    """What was done, for people; None where nothing is broken. Raises LedgerError."""
    file = home.ledger
    if not is_damaged(file):
        return None
    published = _publication(home)
    told = list(_published(published)) if published else []
    new = file.with_name(".alerts.mended.sqlite")
    new.unlink(missing_ok=True)
    kept = _fill(new, file, told, _before(home, published))
    for part in (new, file):
        if not part.exists():
            raise AssertionError(f"{part} is gone")
    sync(new)
    aside = new_folder(home.state / "quarantine", "ledger")
    # First the logs: a log of the old file must never lie beside the new one.
    for end in ("-wal", "-shm"):
        log = file.with_name(file.name + end)
        if log.exists():
            log.rename(aside / log.name)
    os.link(file, aside / file.name)
    new.replace(file)
    sync(file.parent)
    return (
        f"The alert ledger {file} was broken. It is kept in {aside}; a new one holds "
        f"{kept['alert_events']} transitions of alerts "
        f"(from the old one and publication {published.publication_id if published else 'none'}), "
        f"{kept['silences']} silences, {kept['action_events']} steps of actions and "
        f"{kept['outbox']} messages. What was done about alerts since may be missing, and messages "
        "may come twice: look at `koers alerts list`, or restore a backup of the ledger."
    )


def _publication(home: Home) -> Publication | None:
    with contextlib.suppress(PublicationError):
        return current(home)
    return None


def _before(home: Home, published: Publication | None) -> Publication | None:
    """The publication that is known to have been judged."""
    if published is None:
        return None
    with contextlib.suppress(PublicationError):
        earlier = [p for p in snapshots(home) if p.publication_id < published.publication_id]
        return earlier[0] if earlier else None
    return None


def _published(publication: Publication) -> Iterator[dict[str, Any]]:
    """The transitions that a publication tells, as the ledger writes them, oldest first."""
    with contextlib.suppress(PublicationError), open_publication(publication) as facts:
        found = facts.execute(f"select {_EVENT} from fct_alert_events")
        names = [column[0] for column in found.description]
        for values in found.fetchall():
            row = dict(zip(names, values, strict=True))
            detail = json.loads(row["detail"])
            detail.pop("deliveries", None)
            row["detail"] = json.dumps(detail, ensure_ascii=False)
            row["occurred_at"] = f"{row['occurred_at'].isoformat(timespec='microseconds')}+00:00"
            row["period_start"] = row["period_start"].isoformat()
            yield row


def _fill(
    new: Path, old: Path, told: list[dict[str, Any]], judged: Publication | None
) -> dict[str, int]:
    """Write the new ledger; how many rows each table got."""
    counts: dict[str, int] = {}
    events = {row["dedup_key"]: row for row in told}
    for row in readable(old, "alert_events"):
        row.pop("event_id", None)
        events.setdefault(row["dedup_key"], row)
    with open_ledger(new) as ledger, transaction(ledger):

        def put(table: str, rows: list[dict[str, Any]]) -> None:
            counts[table] = 0
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                counts[table] += ledger.execute(
                    f"insert or ignore into {table} ({names}) values ({marks})", list(row.values())
                ).rowcount

        # Of one moment they stand in the order in which they came.
        put("alert_events", sorted(events.values(), key=lambda row: str(row["occurred_at"])))
        for table in _OWN:
            put(table, readable(old, table))
        evaluations, watermarks = readable(old, "evaluations"), readable(old, "watermarks")
        if judged is not None:
            at = timestamp(judged.created_at)
            evaluations.append(
                {
                    "publication_id": judged.publication_id,
                    "evaluated_at": at,
                    "judged": 0,
                    "fired": 0,
                    "resolved": 0,
                }
            )
            watermarks += _watermarks(judged)
        put("evaluations", evaluations)
        put("watermarks", watermarks)
    return counts


def _watermarks(judged: Publication) -> list[dict[str, Any]]:
    with contextlib.suppress(PublicationError), open_publication(judged) as facts:
        return [
            {
                "kpi": kpi,
                "grain": grain,
                "period_start": mark.period_start.isoformat(),
                "definition_version": mark.definition_version,
            }
            for (kpi, grain), mark in newest(facts)[1].items()
        ]
    return []
