"""What a tick of the drift watch costs, over many series, beside one scan of the same facts.

    python -m benchmarks.watch [--series 100000] [--periods 36]

A publication is made with random status facts of that many series; then it is judged with none, one
in a hundred and one in ten of the series out of its band in the newest period, each in a ledger of
its own, and once more as the idle tick of a sensor. The baseline is a scan by DuckDB that counts
the rows out of a band.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pipelines.publication import Publication, publish
from pipelines.settings import Channel, Home
from pipelines.watch.ledger import was_evaluated
from pipelines.watch.watching import watch

KPIS = 50
HOOK = Channel(name="hook", url_env="KOERS_HOOK")

_FACTS = """
create table fct_kpi_status as
with series as (
    select
        'kpi_' || (n % {kpis}) as kpi,
        'u' || (n // {kpis}) as org_unit_id,
        hash(n) % 1000 < {out} as is_out
    from range({series}) as numbers(n)
),
months as (
    select
        cast(date '2020-01-01' + interval (m) month as date) as period_start,
        m = {periods} - 1 as is_newest
    from range({periods}) as numbers(m)
)
select
    kpi, org_unit_id, 'month' as grain, period_start,
    last_day(period_start) as period_end,
    cast(100 as decimal(28, 4)) as numerator, cast(null as decimal(28, 4)) as denominator,
    case when is_out and is_newest then 80.0 else 101.0 end as kpi_value,
    cast(10 as bigint) as sample_size, true as is_closed, true as is_complete,
    period_end as data_as_of, '1' as definition_version,
    100.0 as target, 90.0 as band_lower, cast(null as double) as band_upper,
    85.0 as process_band_lower, 100.0 as process_band_centre, 115.0 as process_band_upper,
    case when is_out and is_newest then 'off_course' else 'on_course' end as status,
    case when is_out and is_newest then 'drifting' else 'stable' end as process_status,
    case when is_out and is_newest then -1.3 else 0.1 end as process_score,
    cast(null as varchar) as known_event,
    0.0 as deviation, cast(1 as bigint) as streak, 1.0 as attainment
from series cross join months
"""


def warehouse(file: Path, series: int, periods: int, out: int) -> None:
    """Status facts of that many series, `out` in a thousand of them out in the newest month."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as db:
        db.execute(_FACTS.format(kpis=KPIS, series=series, periods=periods, out=out))
        db.execute(
            f"create table dim_kpi as select 'kpi_' || n as kpi, 'KPI ' || n as label_nl, "
            "'KPI ' || n as label_en, 'owner_' || n % 7 as owner, 'count' as unit, "
            "'higher' as direction, 'month' as cadence, 'team' as home_layer "
            f"from range({KPIS}) as numbers(n)"
        )
        db.execute(
            "create table dim_org_unit as select distinct org_unit_id, 'team' as layer, "
            "org_unit_id as name, case when org_unit_id <> 'u0' then 'u0' end as parent_id, "
            "'' as owner, false as is_unassigned from fct_kpi_status"
        )
        db.execute(
            "create table bridge_org_unit as select org_unit_id as ancestor, org_unit_id as "
            "descendant, 0 as depth from dim_org_unit union all select 'u0', org_unit_id, 1 "
            "from dim_org_unit where org_unit_id <> 'u0'"
        )
        db.execute("create view fct_kpi_values as select * from fct_kpi_status")


T = TypeVar("T")


def timed(what: Callable[..., T], *given: Any) -> tuple[float, T]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    made = what(*given)
    return time.perf_counter() - began, made


def scan(publication: Publication) -> None:
    with duckdb.connect(str(publication.file), read_only=True) as facts:
        facts.execute(
            "select kpi, count(*) from fct_kpi_status where status = 'off_course' group by kpi"
        ).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--periods", type=int, default=36)
    given = parser.parse_args()
    print(f"{given.series:,} series of {given.periods} months")
    print(f"{'':<28}{'seconds':>9}{'x scan':>9}{'messages':>10}")
    with tempfile.TemporaryDirectory(prefix="koers-watch-") as folder:
        for out in (0, 10, 100):
            at = Home(Path(folder) / str(out))
            warehouse(at.warehouse, given.series, given.periods, out)
            published = publish(at.warehouse, at, run_id="benchmark", keep=1)
            base = min(timed(scan, published)[0] for _ in range(3))
            seconds, result = timed(watch, published, at.ledger, [HOOK])
            name = f"{out / 10:.0f}% out of a band"
            print(f"{name:<28}{seconds:>9.2f}{seconds / base:>9.1f}{result.messages:>10}")
        idle = min(timed(was_evaluated, at.ledger, published.publication_id)[0] for _ in range(5))
        print(f"{'idle tick':<28}{idle:>9.4f}{idle / base:>9.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory {peak:,.0f} MB, the making of the facts included")


if __name__ == "__main__":
    main()
