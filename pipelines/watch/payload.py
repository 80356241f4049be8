"""An event as facts for machines: an alert as docs/alert-webhook.schema.json describes it."""

from __future__ import annotations

import math
from typing import Any

from pipelines.movers import Mover
from pipelines.watch.drift import PERSON, Event


def alert_facts(event: Event) -> dict[str, Any]:
    """JSON values only; dates as ISO text, a percentage as a fraction, unknown as None. Names are
    those that the organisation gave, unescaped."""
    row = event.row
    return {
        "alert_id": event.alert_id,
        "dedup_key": event.dedup_key,
        "kind": event.kind,
        "state": event.state,
        "is_escalation": event.is_escalation,
        "kpi": row.kpi,
        "label": {"nl": row.label_nl, "en": row.label_en},
        "unit": {"org_unit_id": row.org_unit_id, "name": row.unit_name, "layer": row.layer},
        "owner": row.owner,
        "period": {
            "grain": row.grain,
            "start": row.period_start.isoformat(),
            "end": row.period_end.isoformat(),
        },
        "since": event.since.isoformat(),
        "periods_out": row.off_periods,
        "value_unit": row.unit,
        "value": _number(row.kpi_value),
        "target": _number(row.target),
        "tolerance_band": {"lower": _number(row.band_lower), "upper": _number(row.band_upper)},
        "process_band": {
            "lower": _number(row.process_band_lower),
            "centre": _number(row.process_band_centre),
            "upper": _number(row.process_band_upper),
        },
        "status": row.status,
        "process_status": row.process_status,
        "known_event": row.known_event,
        "moved_by": [_mover(mover) for mover in event.moved_by],
        "explains": [
            {"org_unit_id": each.org_unit_id, "name": each.unit_name}
            for each in event.explains
            if each.layer != PERSON
        ],
    }


def _mover(mover: Mover) -> dict[str, Any]:
    return {
        "comparison": mover.comparison,
        "contributor_type": mover.contributor_type,
        "label": mover.label,
        "people": mover.people,
        "effect": mover.effect,
        "contribution": float(mover.contribution),
        "change_total": float(mover.change_total),
        "share": _number(mover.share),
    }


def _number(value: float | None) -> float | None:
    """JSON has no infinity."""
    return value if value is not None and math.isfinite(value) else None
