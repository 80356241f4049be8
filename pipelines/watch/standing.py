"""The alerts of KPIs that have fired and are not over, as the ledger has them now: what the asset
checks tell."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.watch.drift import KINDS, Silence
from pipelines.watch.history import Told, latest, silences
from pipelines.watch.ledger import open_ledger


@dataclass(frozen=True, slots=True)
class Open:
    """An alert, and until when (aware) it is silenced; None where it is not."""

    told: Told
    silent_until: dt.datetime | None = None

    def said(self, zone: dt.tzinfo) -> str:
        """Its state for people, such as `snoozed until 2026-12-01 00:00 by jan`; moments in
        `zone`."""
        at = self.told.alert.at
        words = [at.state if at.held is None else f"{at.state}, was {at.held}"]
        if "snoozed" in (at.state, at.held) and at.snoozed_until is not None:
            words.append(f"until {_moment(at.snoozed_until, zone)}")
        if self.told.by:
            words.append(f"by {self.told.by}")
        text = " ".join(words)
        if self.told.note:
            text += f" ({self.told.note})"
        if self.told.alert.folded_into:
            text += f", explained by {self.told.alert.folded_into}"
        if self.silent_until is not None:
            text += f", silenced until {_moment(self.silent_until, zone)}"
        return text


def raised(ledger: Path, now: dt.datetime) -> dict[str, list[Open]]:
    """By KPI; now: aware. Raises LedgerError."""
    if not ledger.exists():
        return {}
    with open_ledger(ledger) as connection:
        alerts = latest(connection)
        holding = silences(connection, now)
    found: defaultdict[str, list[Open]] = defaultdict(list)
    for _, told in sorted(alerts.items()):
        if told.alert.at.is_raised and told.row.kind in KINDS:
            found[told.row.kpi].append(Open(told, _silent_until(told, holding, now)))
    return dict(found)


def news(ledger: Path, since: dict[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """The KPIs whose alerts moved, or whose silences began or ended, after what `since` says, and
    what to say of now. Cheap: for a sensor that looks every half minute."""
    if not ledger.exists():
        return set(), since
    now = dt.datetime.now(dt.UTC)
    with open_ledger(ledger) as connection:
        newest = connection.execute("select max(event_id) from alert_events").fetchone()[0] or 0
        moved = {
            row[0]
            for row in connection.execute(
                "select distinct kpi from alert_events where event_id > ?", [since.get("event", 0)]
            )
        }
        holding = [str(each) for each in silences(connection, now)]
        if holding != since.get("silences", []):
            moved |= {told.row.kpi for told in latest(connection).values() if told.alert.at.is_open}
    return moved, {"event": newest, "silences": holding}


def _silent_until(told: Told, holding: Sequence[Silence], now: dt.datetime) -> dt.datetime | None:
    return max((each.until for each in holding if each.holds(told.row, now)), default=None)


def _moment(moment: dt.datetime, zone: dt.tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
