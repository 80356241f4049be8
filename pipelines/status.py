"""What `koers status` tells: the last run, the publication, what is waiting, what is off course."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from connectors.core.api.account import is_pulled
from connectors.core.contract import Connector
from connectors.core.discover import discover
from pipelines import lock, records
from pipelines.course import standings
from pipelines.inputs import inbox_files
from pipelines.kept_back import kept_back, told
from pipelines.marts import columns_of
from pipelines.nights import last_run, overdue_since
from pipelines.passes import last_pass
from pipelines.publication import current, open_publication, utc_now
from pipelines.settings import Home, settings
from pipelines.watch.ledger import last_evaluation, open_alerts
from pipelines.watch.undelivered import told as told_undelivered
from pipelines.watch.undelivered import undelivered, values


def status(home: Home) -> dict[str, Any]:
    """JSON-able. Raises PublicationError or LedgerError where one of them cannot be read."""
    publication = current(home)
    off: dict[str, int] = {}
    twice = 0
    until: dt.date | None = None
    if publication:
        with open_publication(publication) as facts:
            twice = _possible_duplicates(facts)
            until = _data_until(facts)
            for each in standings(facts):
                if each.status == "off_course":
                    off[each.layer] = off.get(each.layer, 0) + 1
    running = lock.holder(home.run_lock)
    last, overdue = last_run(home), overdue_since(home, utc_now())
    judged, chosen = last_evaluation(home.ledger), settings(home)
    return {
        "home": str(home.root),
        "running": str(running) if running else None,
        "last_build_at": records.read(records.last_build(home)).get("at"),
        "last_run_at": last.isoformat(timespec="seconds") if last else None,
        "overdue_since": overdue.isoformat(timespec="seconds") if overdue else None,
        "data_until": until.isoformat() if until else None,
        "publication": publication
        and {
            "id": publication.publication_id,
            "file": str(home.publication()),
            "created_at": publication.created_at.isoformat(timespec="seconds"),
            "rows": publication.tables,
        },
        "kept_back": kept_back(home),
        "off_course": off,
        "possible_duplicates": twice,
        "open_alerts": open_alerts(home.ledger),
        "judged_at": judged[1].isoformat(timespec="seconds") if judged else None,
        "undelivered": values(undelivered(home.ledger, chosen.alerts.channels, utc_now())),
        "sources": {name: _source(home, name, each) for name, each in discover().items()},
    }


def _possible_duplicates(facts: duckdb.DuckDBPyConnection) -> int:
    """Deals that two sources may tell; 0 where the publication is older than the count of them."""
    if "possible_duplicates" not in columns_of(facts, "fct_data_quality"):
        return 0
    row = facts.execute("select sum(possible_duplicates) from fct_data_quality").fetchone()
    return int((row and row[0]) or 0)


def _data_until(facts: duckdb.DuckDBPyConnection) -> dt.date | None:
    """The last day that any source covers."""
    if not columns_of(facts, "fct_source_freshness"):
        return None
    row = facts.execute("select max(covers_until) from fct_source_freshness").fetchone()
    return row[0] if row else None


def _api(connector: Connector) -> str:
    if connector.api is None:
        return "export files only"
    return "configured" if is_pulled(connector) else "not configured"


def _source(home: Home, name: str, connector: Connector) -> dict[str, Any]:
    done = last_pass(home, name)
    waiting = [f for f in inbox_files(home).get(name, {}) if f != "mapping.yaml"]
    return {
        "last_pass_at": done.at if done else None,
        "refused": {file.name: file.reason for file in done.refused} if done else {},
        "in_inbox": len(waiting),
        "api": _api(connector),
        "troubles": [trouble.reason for trouble in done.troubles] if done else [],
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    said = [f"Home       {found['home']}"]
    if found["running"]:
        said.append(f"Running    {found['running']}")
    said.append(f"Last build {found['last_build_at'] or 'none yet'}")
    if found["overdue_since"]:
        said.append(
            f"Overdue    the last run ended at {found['last_run_at']}: is `koers up` running, and "
            "its schedule on?"
        )
    if found["data_until"]:
        said.append(f"Data       up to {found['data_until']}")
    if publication := found["publication"]:
        said.append(f"Published  {publication['file']} at {publication['created_at']}")
    else:
        said.append("Published  nothing yet: koers run")
    said += [f"Kept back  {told(name, why)}" for name, why in found["kept_back"].items()]
    off = ", ".join(f"{count} in layer {layer}" for layer, count in found["off_course"].items())
    said.append(f"Off course {off or 'none'}")
    if found["possible_duplicates"]:
        said.append(
            f"Twice      {found['possible_duplicates']:,} deals may be told by two sources, and "
            "then count in both: duplicate_suspects in the warehouse names them, and what to do"
        )
    judged = f", judged at {found['judged_at']}" if found["judged_at"] else ""
    said.append(f"Alerts     {found['open_alerts']} open{judged}")
    said += [f"Delivery   {told_undelivered(each)}" for each in found["undelivered"]]
    for name, source in found["sources"].items():
        if source["last_pass_at"] or source["in_inbox"] or source["api"] == "configured":
            said.append(
                f"  {name:<13}last read {source['last_pass_at'] or 'never'}, "
                f"{source['in_inbox']} files in the inbox; API: {source['api']}"
            )
        said += [f"    trouble  {reason}" for reason in source["troubles"]]
        said += [f"    refused  {file}: {why}" for file, why in source["refused"].items()]
    return said
