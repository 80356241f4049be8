"""Alerts as lines of at most 80 columns for people, and as plain values for programs."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.watch.drift import DRIFT, KINDS, TOLERANCE, Judged, Silence
from pipelines.watch.formats import label
from pipelines.watch.history import Told
from pipelines.watch.messages import described
from pipelines.watch.words import WORDS

WIDTH = 80
_ORDER = (
    "firing", "snoozed", "acknowledged", "recovering", "no_data", "insufficient_data", "pending",
    "resolved", "ended",
)  # fmt: skip
KIND_NAMES = {TOLERANCE: "off course", DRIFT: "unusual"}


def heading(told: Told) -> str:
    """What an alert is about, without its state."""
    row = told.row
    if row.kind not in KINDS:
        return f"Source {label(row.kpi)} gives no data"
    return f"{label(row.label_en)}, {label(row.unit_name)}: {KIND_NAMES[row.kind]}"


def listed(alerts: Iterable[Told], holding: Sequence[Silence], zone: dt.tzinfo) -> list[str]:
    """Alerts by state, the ones to act on first and those that another explains last; then the
    silences."""
    lines: list[str] = []
    alerts = sorted(alerts, key=lambda t: (t.row.label_en, t.row.unit_name, t.alert.alert_id))
    own = [told for told in alerts if not told.alert.folded_into]
    for state in _ORDER:
        those = [told for told in own if told.alert.at.state == state]
        if those:
            lines += ["", f"{state.replace('_', ' ').capitalize()} ({len(those)})"]
        for told in those:
            lines += _wrapped(f"{heading(told)} since {told.alert.since}, {told.row.owner}", 2)
            lines.append(f"    {told.alert.alert_id}")
            if done := _done(told, zone):
                lines += _wrapped(done, 4)
    folded = [told for told in alerts if told.alert.folded_into]
    if folded:
        lines += ["", f"Explained by another ({len(folded)})"]
        lines += [f"  {told.alert.alert_id}" for told in folded]
    lines = lines[1:] or ["No alert is open."]
    if holding:
        lines += ["", f"Silences ({len(holding)})"]
    for each in holding:
        lines += _wrapped(f"{each.number}: {said(each, zone)}", 2)
    return lines


def shown(
    told: Told, events: Sequence[dict[str, Any]], zone: dt.tzinfo, currency: str
) -> list[str]:
    """One alert: what it is, its figures when it last moved, each transition, and the messages.
    events: as `history_of` gives them."""
    at = told.alert.at
    lines = [heading(told), told.alert.alert_id, ""]
    state = at.state.replace("_", " ")
    if at.held:
        state += f" (was {at.held})"
    lines += _field("State", f"{state}, since {told.alert.since}")
    if at.ending:
        lines += _field("Why", WORDS["en"][at.ending].capitalize())
    if done := _done(told, zone):
        lines += _field("Done", done)
    lines += _field("Owner", label(told.row.owner))
    if told.alert.folded_into:
        lines += _field("Told", f"not on its own: {told.alert.folded_into} explains it")
    lines += _field("Period", f"from {told.row.period_start} to {told.row.period_end}")
    for figure in figures(told.row, currency):
        lines += _field("", figure)
    lines += ["", "History"]
    for event in events:
        by = f", by {event['by']}" if event["by"] else ""
        note = f": {event['note']}" if event["note"] else ""
        lines += _wrapped(
            f"{moment(event['occurred_at'], zone)}  {event['state']}{by}{note}", 2, hang=20
        )
        for sent in event["deliveries"]:
            if sent["sent_at"]:
                when = f"sent {moment(dt.datetime.fromisoformat(sent['sent_at']), zone)}"
            else:
                when = "not sent yet"
            lines += _wrapped(f"{label(sent['owner'])} over {sent['channel']}, {when}", 20)
    return lines


def history_of(alert_id: str, rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The transitions of one alert, from the rows of `fct_alert_events`; times aware, UTC."""
    events = []
    for row in rows:
        if row[0] != alert_id:
            continue
        detail = json.loads(row[9])
        events.append(
            {
                "state": row[4],
                "occurred_at": row[5].replace(tzinfo=dt.UTC),
                "period_start": row[6],
                "by": detail.get("by"),
                "note": detail.get("note"),
                "deliveries": detail["deliveries"],
            }
        )
    return events


def alert_values(told: Told) -> dict[str, Any]:
    """An alert for programs."""
    at, row = told.alert.at, told.row
    return {
        "alert_id": told.alert.alert_id,
        "kpi": row.kpi,
        "org_unit_id": row.org_unit_id,
        "kind": row.kind,
        "state": at.state,
        "is_raised": at.is_raised,
        "held": at.held,
        "ending": at.ending,
        "since": told.alert.since,
        "period_start": row.period_start,
        "owner": row.owner,
        "label": row.label_en,
        "unit_name": row.unit_name,
        "kpi_value": row.kpi_value,
        "target": row.target,
        "folded_into": told.alert.folded_into,
        "snoozed_until": at.snoozed_until,
        "by": told.by,
        "note": told.note,
    }


def silence_values(silence: Silence) -> dict[str, Any]:
    """A silence for programs."""
    return {name: getattr(silence, name) for name in Silence.__dataclass_fields__}


def figures(row: Judged, currency: str) -> list[str]:
    """The figures of a period, a sentence each."""
    if row.kind not in KINDS:
        return [f"Its data go up to {row.period_end}."]
    return described(row, "en", currency)


def said(silence: Silence, zone: dt.tzinfo) -> str:
    """A silence in words."""
    of = ", ".join(filter(None, (silence.kpi, silence.org_unit_id, silence.owner))) or "everything"
    why = f": {silence.reason}" if silence.reason else ""
    return f"Silence of {of} until {moment(silence.until, zone)}{why}"


def moment(at: dt.datetime, zone: dt.tzinfo) -> str:
    """A moment (aware) to the minute, in a time zone."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def wrapped(line: str) -> list[str]:
    """A line, broken where it is longer than 80 columns; what follows stands further in."""
    text = line.lstrip()
    return _wrapped(text, len(line) - len(text))


def _done(told: Told, zone: dt.tzinfo) -> str:
    at = told.alert.at
    until = f"until {moment(at.snoozed_until, zone)}" if at.snoozed_until else ""
    by = f"by {told.by}" if told.by else ""
    note = f": {told.note}" if told.note else ""
    return (" ".join(filter(None, (until, by))) + note).strip()


def _field(name: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH - 9, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{name if n == 0 else '':<9}{line}" for n, line in enumerate(lines)]


def _wrapped(text: str, indent: int, hang: int | None = None) -> list[str]:
    hang = indent + 2 if hang is None else hang
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
