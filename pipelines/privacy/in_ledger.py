"""A person in the alert ledger: alerts on their own figures, messages, who acted and who decided.

Alerts on the figures of an individual go, with all that hangs on them. What a person did as an
owner (acknowledged, agreed, silenced) stays, by an alias.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from pipelines.privacy.in_sqlite import all_or_nothing, clean, erase, opened, without_triggers
from pipelines.privacy.marks import Marks


def erase_ledger(file: Path, marks: Marks, units: Collection[str]) -> dict[str, int]:
    """What was removed or changed, by kind. To be called again after a kill."""
    if not file.exists():
        return {}
    with opened(file) as connection, all_or_nothing(connection), without_triggers(connection):
        names = json.dumps(sorted(units))
        of_units = "select value from json_each(?)"
        alerts = [
            row[0]
            for row in connection.execute(
                f"select distinct alert_id from alert_events where org_unit_id in ({of_units})",
                [names],
            )
        ]
        keys = {
            row[0]
            for row in connection.execute(
                f"select dedup_key from alert_events where org_unit_id in ({of_units})", [names]
            )
        }
        ids = json.dumps(alerts)
        done = {
            "alert events": connection.execute(
                "delete from alert_events where alert_id in (select value from json_each(?))", [ids]
            ).rowcount,
            "actions": connection.execute(
                "delete from action_events where alert_id in (select value from json_each(?))",
                [ids],
            ).rowcount,
            "expectations": connection.execute(
                f"delete from expected_events where org_unit_id in ({of_units})", [names]
            ).rowcount,
            "silences": connection.execute(
                f"delete from silences where org_unit_id in ({of_units})", [names]
            ).rowcount,
            "messages": 0,
        }
        for number, text in connection.execute(
            "select message_id, dedup_keys from outbox"
        ).fetchall():
            # A message about several units tells of this one too: all of it goes.
            if keys & set(json.loads(text)):
                connection.execute("delete from outbox where message_id = ?", [number])
                done["messages"] += 1
    with opened(file) as connection:
        clean(connection)
    done["texts"] = erase(file, marks)
    return {name: number for name, number in done.items() if number}
