"""The lists: every alert there was, how old the data are, and all KPIs."""

from __future__ import annotations

from typing import Any

from pipelines.report.facts import Facts
from pipelines.report.kpi_page import action_row, alert_row
from pipelines.report.ledger import Said
from pipelines.report.places import page_of
from pipelines.report.telling import Teller
from pipelines.report.words import LAYERS

MOST_ALERTS = 500


def alert_list(facts: Facts, said: Said, tell: Teller) -> dict[str, Any]:
    shown = [each for each in said.alerts if not each.is_of_source]
    return {
        "alerts": [alert_row(each, facts, tell) for each in shown[:MOST_ALERTS]],
        "total": len(shown),
        "shown": min(len(shown), MOST_ALERTS),
        "actions": [
            action_row(each, facts.kpis.get(each.action.series[0]), tell, facts)
            for each in said.actions
        ],
    }


def source_list(facts: Facts, said: Said, tell: Teller, models: str) -> dict[str, Any]:
    """models: where dbt's documentation stands; empty where it does not."""
    silent = {each.kpi for each in said.alerts if each.is_of_source and each.is_raised}
    counts = ("rows_read", "rows_loaded", "rows_rejected", "rows_quarantined")
    return {
        "models": models,
        "streams": [
            {
                "connector": row["connector"],
                "stream": row["stream"],
                "loaded_at": tell.date(read.date() if (read := row["last_loaded_at"]) else None),
                "covers_until": tell.date(row["covers_until"]),
                "is_silent": row["connector"] in silent,
                "counts": [tell.whole(row.get(name)) for name in counts],
            }
            for row in facts.freshness()
        ],
    }  # fmt: skip


def kpi_list(facts: Facts, tell: Teller) -> dict[str, Any]:
    rows = []
    for kpi in facts.kpis.values():
        figure = facts.headline(kpi.kpi)
        rows.append(
            {
                "label": tell.label(kpi),
                "description": kpi.description[tell.language],
                "href": page_of(kpi.kpi, figure.org_unit_id) if figure else "",
                "layer": LAYERS[tell.language][kpi.home_layer],
                "owner": kpi.owner,
                "review": tell.date(kpi.review_date),
                "cadence": tell.value_of(kpi.cadence),
            }
        )
    rows.sort(key=lambda row: str(row["label"]).casefold())
    return {"kpis": rows}
