"""What a run says at its end: what was loaded, which KPIs are off course, where to look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.publication import open_publication
from pipelines.settings import Home

if TYPE_CHECKING:
    from pipelines.nightly import NightlyResult

# The newest judged period of every series, at the grain its KPI is judged at.
OFF_COURSE = """
    select units.layer, units.name, kpis.label_en, status.period_start, status.kpi_value,
        status.target
    from fct_kpi_status as status
    join dim_kpi as kpis on status.kpi = kpis.kpi and status.grain = kpis.cadence
    join dim_org_unit as units on status.org_unit_id = units.org_unit_id
    where status.is_closed and status.is_complete and not units.is_unassigned
    qualify row_number() over (
        partition by status.kpi, status.org_unit_id order by status.period_start desc
    ) = 1 and status.status = 'off_course'
    order by units.layer, units.name, kpis.label_en
"""


def lines(home: Home, result: NightlyResult) -> Iterator[str]:
    """The summary, line by line."""
    yield ""
    for name, ingested in result.ingested.items():
        for stream in ingested.streams.values():
            if stream.load_id:
                counts = ", ".join(f"{value} {key}" for key, value in stream.counts.items())
                yield f"Loaded {name}.{stream.stream}: {counts}"
        for file in ingested.files:
            if file.refused:
                yield f"Refused {name}/{file.name}: {file.refused}"
    for name, reason in result.failed.items():
        yield f"Failed {name}: {reason}"
    if result.publication is None:
        yield f"Nothing is loaded yet. Drop files in {home.inbox}/<connector>/ and run again."
        return
    connection = open_publication(result.publication)
    try:
        off_course = connection.execute(OFF_COURSE).fetchall()
    finally:
        connection.close()
    rows = result.publication.tables.get("fct_kpi_values", 0)
    yield f"Facts: {rows:,}" + ("" if result.publication.changed else " (nothing changed)")
    yield f"Off course: {len(off_course)}" if off_course else "No KPI is off course."
    for layer, unit, label, period, value, target in off_course:
        yield f"  {layer}: {unit}: {label} from {period}: {value:,.4g} (target {target:,.4g})"
    if result.watched is not None:
        yield f"Open alerts: {result.watched.open_alerts}; messages sent: {result.sent}"
    yield f"Published: {home.publication()}"
