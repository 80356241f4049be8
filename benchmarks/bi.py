"""What a BI tool asks of a publication: a scorecard, one KPI's history, one KPI over a layer.

    make bench ONLY=bi

All five grains of three years for every unit and KPI, in the order in which Koers publishes them.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Point, Result, Way, child, python, scales, tell
from pipelines.marts import READ_BY

SIZES = {"small": (2, 5, 20), "full": (20, 200, 2_000)}
KPIS = 60

CHUNK = 200
"""Units that are made and sorted at a time, so that it fits in memory."""

_FACTS = """
select
    'kpi_' || lpad(cast(k as varchar), 2, '0') as kpi,
    'u' || lpad(cast(u as varchar), 4, '0') as org_unit_id,
    grain,
    period_start,
    cast(hash(k, u, period_start) % 1000 as decimal(28, 4)) as numerator,
    cast(1000 as decimal(28, 4)) as denominator,
    (hash(k, u, period_start) % 1000) / 1000.0 as kpi_value,
    0.5 as target,
    0.4 as band_lower,
    cast(null as double) as band_upper,
    0.3 as process_band_lower,
    0.5 as process_band_centre,
    0.7 as process_band_upper,
    'on_course' as status,
    true as is_closed,
    true as is_complete
from range({kpis}) as kpis(k)
cross join range({first}, {last}) as units(u)
cross join (
    select distinct '{grain}' as grain, cast(date_trunc('{grain}', day) as date) as period_start
    from (
        select unnest(generate_series(date '2023-11-01', date '2026-10-31', interval 1 day)) as day
    )
)
order by {order}
"""
GRAINS = ("day", "month", "quarter", "week", "year")  # by name, as they are sorted
OPEN = "opening the file"
QUERIES = {
    "scorecard of a unit": (
        "select kpi, kpi_value, target, status from fct_kpi_status where org_unit_id = 'u0001' "
        "and grain = 'month' and period_start = date '2026-10-01' order by kpi"
    ),
    "history of a KPI of a unit": (
        "select period_start, kpi_value, target, band_lower from fct_kpi_status "
        "where kpi = 'kpi_07' and org_unit_id = 'u0001' and grain = 'day' order by period_start"
    ),
    "a KPI over a layer": (
        "select status.org_unit_id, kpi_value, status.status from fct_kpi_status as status "
        "inner join dim_org_unit as units using (org_unit_id) where units.layer = 'team' "
        "and kpi = 'kpi_07' and grain = 'month' and period_start = date '2026-10-01'"
    ),
}


def make(file: Path, units: int) -> dict[str, int]:
    import duckdb

    with duckdb.connect(str(file), config={"memory_limit": "4GiB"}) as db:
        db.execute(
            "create table dim_org_unit as select 'u' || lpad(cast(u as varchar), 4, '0') as "
            "org_unit_id, case u % 10 when 0 then 'team' else 'individual' end as layer "
            f"from range({units}) as units(u)"
        )
        begin = "create table fct_kpi_status as "
        order = ", ".join(READ_BY)
        for grain in GRAINS:
            for first in range(0, units, CHUNK):
                last = min(first + CHUNK, units)
                some = _FACTS.format(grain=grain, kpis=KPIS, first=first, last=last, order=order)
                db.execute(begin + some)
                begin = "insert into fct_kpi_status "
        found = db.execute("select count(*) from fct_kpi_status").fetchone()
    return {"rows": int(found[0]) if found else 0}


def ask(file: Path) -> dict[str, list[tuple[float, float]]]:
    """Seconds by the clock and of the processors of opening the file, and of each question over
    the connection that then stands; nine times."""
    import duckdb

    taken: dict[str, list[tuple[float, float]]] = {OPEN: [], **{name: [] for name in QUERIES}}

    @contextlib.contextmanager
    def timed(name: str) -> Iterator[None]:
        began, used = time.perf_counter(), time.process_time()
        yield
        taken[name].append((time.perf_counter() - began, time.process_time() - used))

    for _ in range(9):
        with timed(OPEN):
            db = duckdb.connect(str(file), read_only=True)
            db.execute("select count(*) from dim_org_unit").fetchall()
        for name, query in QUERIES.items():
            with timed(name):
                db.execute(query).fetchall()
        db.close()
    return taken


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """Units × 1, × 10 and × 100."""
    points = []
    for scale, units in zip(scales(), SIZES[size], strict=False):
        file = folder / f"bi-{units}.duckdb"
        rows = child(python("benchmarks.bi", "make", file, units)).said["rows"]
        asked = child(python("benchmarks.bi", "ask", file))
        ways = tuple(
            Way(
                name,
                tuple(round(each, 5) for each, _ in taken),
                tuple(round(each, 5) for _, each in taken),
                round(asked.peak_mb, 1),
            )
            for name, taken in asked.said.items()
        )
        for way in ways:
            tell(f"  {way.name}: {1000 * statistics.median(way.seconds):.0f} ms")
        of = f"{units:,} units × {KPIS} KPIs, {rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB"
        points.append(Point(scale, of, ways))
        file.unlink()
    limits = tuple((name, 0.1, None) for name in QUERIES)
    return [Result("bi", "Questions of a BI tool",
                   tuple(points), (), limits)]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "make":
        print(json.dumps(make(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        print(json.dumps(ask(Path(sys.argv[2]))))
