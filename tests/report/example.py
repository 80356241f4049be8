"""A home with publications of two audiences, small enough to know every figure of its report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from pipelines.audience_tables import View
from pipelines.audiences import DEFAULTS
from pipelines.people import Group, People
from pipelines.publication import Publication, publish
from pipelines.settings import Home
from pipelines.watch.ledger import published_events
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
GROUP = "survey/answers"

COURSES = {
    # The last two of each: May and June.
    ("revenue", "org"): (101.0, 98.0, 104.0, 103.0, 99.0, 102.0),
    ("revenue", "sales"): (101.0, 98.0, 104.0, 103.0, 99.0, 80.0),
    ("revenue", "north"): (51.0, 48.0, 54.0, 53.0, 49.0, 41.5),
    ("revenue", "south"): (50.0, 50.0, 50.0, 50.0, 50.0, 38.5),
    ("revenue", "p1"): (51.0, 48.0, 54.0, 53.0, 49.0, 41.5),
    ("nps", "org"): (31.0, 32.0, 33.0, 34.0, 35.0, 36.0),
    ("nps", "north"): (21.4, 22.4, 23.4, 24.4, 25.4, 26.4),
}
TARGETS = {("revenue", "org"): 100.0, ("revenue", "sales"): 100.0, ("nps", "north"): 40.0}
HIDDEN: dict[str, set[tuple[dt.date, str]]] = {GROUP: {(month(6), "north")}}

_MOVES = """
create table fct_kpi_contributions as
select
    'revenue' as kpi, 'sales' as org_unit_id, 'month' as grain,
    date '2025-06-01' as period_start, date '2025-06-30' as period_end,
    'previous_period' as comparison, date '2025-05-01' as compared_with,
    'child_unit' as contributor_type, team as contributor, 'total' as effect,
    cast(part as decimal(38, 10)) as contribution, cast(-19 as decimal(38, 10)) as change_total
from (values ('north', -7.5), ('south', -11.5)) as moves (team, part)
"""
_SOURCES = """
create table fct_source_freshness as
select
    'crm' as connector, 'deals' as stream, '1' as last_load_id,
    timestamp '2025-07-01 02:00:00' as last_loaded_at, date '2025-06-30' as covers_until
"""


def publish_example(home: Home, *, unit_name: str = "", kpi_label: str = "") -> Publication:
    """Publish for management and organisation, and judge. unit_name: of Team Noord; kpi_label: of
    revenue, in both languages."""
    rows = []
    for (kpi, unit), values in COURSES.items():
        target = TARGETS.get((kpi, unit))
        for at, value in enumerate(values, 1):
            lower = None if target is None else 0.9 * target
            judged = lower is not None and value < lower
            status = "no_target" if target is None else "off_course" if judged else "on_course"
            row = fact(kpi, unit, month(at), value, status, target=target, lower=lower)
            rows.append(row)
    warehouse(home.warehouse, rows)
    with duckdb.connect(str(home.warehouse)) as db:
        # Judged by the month, unlike elsewhere.
        db.execute("update dim_kpi set cadence = 'month'")
        if unit_name:
            db.execute("update dim_org_unit set name = ? where org_unit_id = 'north'", [unit_name])
        if kpi_label:
            db.execute("update dim_kpi set label_nl = $l, label_en = $l where kpi = 'revenue'",
                       {"l": kpi_label})  # fmt: skip
        for more in ("drivers", "sources"):
            db.execute(f"alter table dim_kpi add column {more} varchar default ''")
        db.execute("update dim_kpi set drivers = 'nps', sources = 'crm' where kpi = 'revenue'")
        db.execute("alter table dim_org_unit add column valid_to date default date '9999-12-31'")
        db.execute("create table dim_org_unit_history as from dim_org_unit")
        db.execute(_MOVES)
        db.execute(_SOURCES)
    group = Group(GROUP, "answers", ("nps_answers",))
    people = People({GROUP: group}, {"nps": frozenset({GROUP})})
    made = publish(home.warehouse, home, run_id="r", keep=2)
    publish(
        home.warehouse,
        home,
        run_id="r",
        keep=2,
        audience="organisation",
        view=View(DEFAULTS["organisation"], people, HIDDEN),
        alert_events=published_events(home.ledger),
    )
    watch(made, home.ledger, clock=lambda: NOW)
    return made


def pages(folder: Path) -> dict[str, str]:
    """Every page of a report by its place."""
    found = sorted(folder.resolve().rglob("*.html"))
    return {
        str(file.relative_to(folder.resolve())): file.read_text(encoding="utf-8") for file in found
    }
