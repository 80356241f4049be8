"""A warehouse small enough to write by hand, with the public tables and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

KPIS = {
    # kpi: (label nl, label en, owner, unit, direction, cadence)
    "revenue": ("Omzet", "Revenue", "directie", "currency", "higher", "month"),
    "win_rate": ("Scoringskans", "Win rate", "verkoop", "percent", "higher", "month"),
    "nps": ("NPS", "NPS", "klantenservice", "score", "within", "quarter"),
}

UNITS = (
    # org_unit_id, layer, name, parent_id, owner, is_unassigned
    ("org", "organisation", "Voorbeeld B.V.", None, "directie", False),
    ("sales", "department", "Verkoop", "org", "eva", False),
    ("north", "team", "Team Noord", "sales", "noor", False),
    ("south", "team", "Team Zuid", "sales", None, False),
    ("sales/unassigned-team", "team", "Verkoop zonder team", "sales", "eva", True),
    ("p1", "individual", "Piet Jansen", "north", "noor", False),
)

STATUS_COLUMNS = (
    "kpi varchar, org_unit_id varchar, grain varchar, period_start date, period_end date, "
    "numerator decimal(28, 4), denominator decimal(28, 4), kpi_value double, sample_size bigint, "
    "is_closed boolean, is_complete boolean, data_as_of date, definition_version varchar, "
    "target double, band_lower double, band_upper double, process_band_lower double, "
    "process_band_centre double, process_band_upper double, status varchar, deviation double, "
    "streak bigint, attainment double, process_status varchar, process_score double, "
    "known_event varchar"
)


def month(number: int, year: int = 2025) -> dt.date:
    return dt.date(year, number, 1)


def last_day(start: dt.date, months: int = 1) -> dt.date:
    index = start.year * 12 + start.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1) - dt.timedelta(days=1)


def fact(
    kpi: str,
    unit: str,
    start: dt.date,
    value: float | None,
    status: str,
    *,
    target: float | None = 100.0,
    lower: float | None = 90.0,
    upper: float | None = None,
    grain: str = "month",
    closed: bool = True,
    complete: bool = True,
    version: str = "1",
) -> dict[str, Any]:
    """One row of fct_kpi_status; `status` is given, as dbt would have judged it."""
    outside = 0.0 if value is not None and target is not None else None
    if value is not None and lower is not None and value < lower:
        outside = value - lower
    if value is not None and upper is not None and value > upper:
        outside = value - upper
    return {
        "kpi": kpi,
        "org_unit_id": unit,
        "grain": grain,
        "period_start": start,
        "period_end": last_day(start, 3 if grain == "quarter" else 1),
        "kpi_value": value,
        "sample_size": 10,
        "is_closed": closed,
        "is_complete": complete,
        "definition_version": version,
        "target": target,
        "band_lower": lower,
        "band_upper": upper,
        "status": status,
        "deviation": outside,
        "attainment": value / target if value is not None and target else None,
    }


def warehouse(file: Path, facts: Iterable[dict[str, Any]] = ()) -> Path:
    """Write (or overwrite) a warehouse that holds these status facts."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as db:
        db.execute(
            "create table dim_kpi (kpi varchar, label_nl varchar, label_en varchar, owner varchar, "
            "unit varchar, direction varchar, cadence varchar, home_layer varchar)"
        )
        db.executemany(
            "insert into dim_kpi values (?, ?, ?, ?, ?, ?, ?, 'organisation')",
            [(k, *v) for k, v in KPIS.items()],
        )
        db.execute("comment on table dim_kpi is 'One row is one KPI. It''s defined in dbt.'")
        db.execute("comment on column dim_kpi.unit is 'eur, percent, count or score.'")
        db.execute(
            "create table dim_org_unit (org_unit_id varchar, layer varchar, name varchar, "
            "parent_id varchar, owner varchar, is_unassigned boolean)"
        )
        db.executemany("insert into dim_org_unit values (?, ?, ?, ?, ?, ?)", UNITS)
        db.execute(
            "create table bridge_org_unit as with recursive up(ancestor, descendant, depth) "
            "as (select org_unit_id, org_unit_id, 0 from dim_org_unit union all "
            "select u.parent_id, up.descendant, depth + 1 from up join dim_org_unit u "
            "on u.org_unit_id = up.ancestor where u.parent_id is not null) from up"
        )
        db.execute(f"create table fct_kpi_status ({STATUS_COLUMNS})")
        for row in facts:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            db.execute(f"insert into fct_kpi_status ({names}) values ({marks})", list(row.values()))
        db.execute(
            "create view fct_kpi_values as select columns('^(kpi|org_unit_id|grain|period_.*|"
            "numerator|denominator|kpi_value|sample_size|is_.*|data_as_of|definition_version)$') "
            "from fct_kpi_status"
        )
        db.execute("create table stg_secret as select 'never published' as note")
    return file
