"""Dagster's SQLite files: where one of them is broken, all are put aside and Dagster begins anew.

Its history of runs is lost by that, and nothing else: cursors are in the landing, alerts in the
ledger, and what was judged too.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.recovery.quarantine import put_aside
from pipelines.recovery.sqlite import is_damaged
from pipelines.settings import Home

_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def mend_dagster(home: Home) -> str | None:
    """What was done, for people; None where nothing is broken."""
    broken = [home.dagster / name for name in _DATABASES if is_damaged(home.dagster / name)]
    if not broken:
        return None
    folders: list[Path] = [home.dagster / name for name in ("history", "schedules", "storage")]
    aside = put_aside(home.state / "quarantine", folders, "dagster")
    names = ", ".join(str(file) for file in broken)
    return (
        f"Dagster's {names} cannot be read. Its history of runs was put aside as {aside} and "
        "begins anew; no figure, cursor or alert depends on it. Start `koers up` again if it runs."
    )
