"""The link in a message to the page of the report that is about the same KPI and unit."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from functools import cache

import duckdb

from pipelines.publication import PublicationError, current, open_publication
from pipelines.report.places import page_of
from pipelines.settings import Home, Settings
from pipelines.watch.letter import Link

_log = logging.getLogger(__name__)
WORDS = {"nl": "In het rapport", "en": "In the report"}

ReportLinks = Callable[[str, str], list[Link]]
"""(alert_id, language) to the link, or none."""

_PAGES = """
select distinct status.kpi, status.org_unit_id
from fct_kpi_status as status
inner join dim_kpi as kpi on status.kpi = kpi.kpi and status.grain = kpi.cadence
inner join dim_org_unit as unit on status.org_unit_id = unit.org_unit_id
where not unit.is_unassigned
"""


def report_links(home: Home, settings: Settings) -> ReportLinks:
    """How messages get it, by the settings of a home: none without `report_url`, and none to a page
    that the report of `report_audience` does not have."""
    alerts = settings.alerts
    base = (alerts.report_url or "").rstrip("/")

    # One message of many asks for it, and one look at the publication is enough.
    @cache
    def pages() -> frozenset[tuple[str, str]]:
        with contextlib.suppress(PublicationError, duckdb.Error):
            publication = current(home, alerts.report_audience)
            if publication is not None:
                with open_publication(publication) as connection:
                    return frozenset(connection.execute(_PAGES).fetchall())
        _log.warning(
            "Messages go without a link to the report: no publication of audience %s can be read "
            "(`report_audience` in koers.yaml).",
            alerts.report_audience,
        )
        return frozenset()

    def made(alert_id: str, language: str) -> list[Link]:
        kpi, _, rest = alert_id.partition("/")
        unit = rest.rsplit("/", 2)[0]
        if not base or (kpi, unit) not in pages():
            return []
        return [Link(WORDS[language], f"{base}/{language}/{page_of(kpi, unit)}", is_act=False)]

    return made
