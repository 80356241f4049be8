"""What a run says at its end: what was loaded, which KPIs are off course, where to look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.course import LAYERS, Standing, standings
from pipelines.kept_back import kept_back, told
from pipelines.publication import Publication, current, open_publication
from pipelines.settings import Home, Settings
from pipelines.watch.ledger import open_alerts

if TYPE_CHECKING:
    from pipelines.nightly import NightlyResult

SHOWN_PER_LAYER = 8


def lines(home: Home, settings: Settings, result: NightlyResult) -> Iterator[str]:
    """The summary, line by line."""
    yield ""
    yield from _loads(result)
    publication = current(home)
    if publication is None:
        yield f"Nothing is loaded yet. Drop files in {home.inbox}/<connector>/ and run again."
        return
    yield from _facts(publication, result.built)
    with open_publication(publication) as facts:
        found = standings(facts)
    yield from off_course(found, settings.currency)
    sent = f"; {result.sent} messages sent" if settings.alerts.channels else "; no channel is set"
    yield f"Alerts     {open_alerts(home.ledger)} open{sent}"
    for what, number in result.removed.items():
        yield f"Retention  {what}: {number:,} removed"
    for name, why in kept_back(home).items():
        yield f"Kept back  {told(name, why)}"
    yield f"File       {home.publication()}"
    report = home.report / "management" / "index.html"
    if report.exists():
        yield f"Report     {report}"
    yield "Look       koers up   opens the Dagster UI;   koers status   says this again"


def off_course(found: list[Standing], currency: str) -> Iterator[str]:
    """Which KPIs are off course in their newest closed period, layer by layer. People are counted,
    not named: this text ends up in logs."""
    judged = [each for each in found if each.status in ("on_course", "off_course")]
    off = [each for each in judged if each.status == "off_course"]
    if not judged:
        yield "Course     no KPI has both a target and a closed period yet"
        return
    yield f"Course     {len(off)} of {len(judged)} KPIs with a target are off course"
    for layer in LAYERS:
        here = [each for each in off if each.layer == layer]
        if layer == "individual":
            if here:
                yield f"  {layer:<13}{len(here)} off course"
            continue
        for each in here[:SHOWN_PER_LAYER]:
            yield (
                f"  {layer:<13}{each.unit_name}: {each.label}, {each.period}: "
                f"{each.shown(each.kpi_value, currency)} (agreed: {each.band(currency)})"
            )
        if len(here) > SHOWN_PER_LAYER:
            yield f"  {layer:<13}and {len(here) - SHOWN_PER_LAYER} more"


def _loads(result: NightlyResult) -> Iterator[str]:
    loads = [(done.connector, load) for done in result.ingested.values() for load in done.loads]
    for connector, load in loads:
        wrong = [f"{load.rejected:,} rejected"] if load.rejected else []
        twice = [f"{load.duplicate:,} duplicate"] if load.duplicate else []
        totals = [f"{load.left_out:,} left out"] if load.left_out else []
        told = [f"{load.read:,} read", f"{load.loaded:,} loaded", *wrong, *twice, *totals]
        counts = ", ".join(told)
        yield f"Loaded     {connector}.{load.stream}: {counts}"
    for done in result.ingested.values():
        for file in done.refused:
            yield f"Refused    {done.connector}/{file.name}: {file.reason}"
        for trouble in done.troubles:
            if not trouble.is_failure:
                yield f"Left out   {done.connector}.{trouble.stream}: {trouble.reason}"
    for name, reason in result.failed.items():
        yield f"Failed     {name}: {reason}"
    if not (loads or result.failed):
        yield "Loaded     nothing new"


def _facts(publication: Publication, built: bool) -> Iterator[str]:
    rows = publication.tables.get("fct_kpi_values", 0)
    kpis = publication.tables.get("dim_kpi", 0)
    units = publication.tables.get("dim_org_unit", 0)
    news = "built" if built and publication.changed else "as before"
    yield f"Facts      {rows:,} values of {kpis} KPIs in {units} units, {news}"
