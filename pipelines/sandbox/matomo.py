"""A fake Matomo: reports by day as objects keyed by date, `[]` for a day without visits, mistakes
with status 200. The token is taken from the form only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.statistics import DAY, LACKS, WebStatistics
from pipelines.sandbox.tables import Row, Tables, lately
from pipelines.sandbox.vendors import Vendor

TOKEN = "sandbox-matomo-41d7ce"  # noqa: S105 - opens the sandbox only
ROWS = 100
"""The rows of a day that come where no limit is given."""
Report = Callable[[list[Row], list[Row]], list[dict[str, Any]]]


class Matomo(WebStatistics):
    """One site."""

    def __init__(self, tables: Tables, site: int = 7) -> None:
        super().__init__(tables)
        self.site = site
        self._token = TOKEN
        self._last: Reply | None = None
        names = sorted({row["goal"] for row in tables.conversions})
        self._goals = {name: number for number, name in enumerate(names, 1)}

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._token = "expired"  # noqa: S105
        if call.method != "POST" or call.form().get("token_auth") != self._token:
            self._token = TOKEN
            return _error(
                "Unable to authenticate with the provided token. It is either invalid, expired or "
                "is required to be sent as a POST parameter."
            )
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        if fault is not None and fault.kind == "shift":
            self.change("visits", 1)
        self._last = self._answer(call.params)
        return self._last

    def _answer(self, params: Mapping[str, str]) -> Reply:
        method = params.get("method", "")
        if method == "SitesManager.getSiteFromId":
            return Reply({"idsite": self.site, "name": "Noorderlicht", "currency": "EUR"})
        if params["idSite"] != str(self.site):
            return _error("You can't access this resource as it requires 'view' access.")
        if method == "Goals.getGoals":
            goals = [{"idgoal": n, "name": name} for name, n in self._goals.items()]
            return Reply(goals)
        reports: dict[str, Report] = {
            "Actions.getEntryPageUrls": _entry_pages,
            "Referrers.getCampaigns": self._campaigns,
            "Referrers.getReferrerType": self._referrers,
        }
        if method not in reports:
            return _error(f"The method '{method}' does not exist or is not available.")
        limit = int(params.get("filter_limit", ROWS))
        rows = self._by_day(params, reports[method])
        return Reply({day: each if limit < 0 else each[:limit] for day, each in rows.items()})

    def _by_day(self, params: Mapping[str, str], report: Report) -> dict[str, Any]:
        first, last = params["date"].split(",")
        meant = _segment(params.get("segment", ""))
        day = dt.date.fromisoformat(first)
        found: dict[str, tuple[list[Row], list[Row]]] = {}
        while day.isoformat() <= last:
            found[day.isoformat()] = ([], [])
            day += dt.timedelta(days=1)
        for place, stream in enumerate(("visits", "conversions")):
            for row in self.between(stream, first, last):
                if meant(row["campaign"]):
                    found[row[DAY[stream]].isoformat()][place].append(row)
        return {day: report(*rows) for day, rows in found.items()}

    def _campaigns(self, visits: list[Row], conversions: list[Row]) -> list[dict[str, Any]]:
        names = sorted({row["campaign"] for row in (*visits, *conversions)} - {None})
        return [self._referrer(name, name, visits, conversions) for name in names]

    def _referrers(self, visits: list[Row], conversions: list[Row]) -> list[dict[str, Any]]:
        if not visits and not conversions:
            return []
        return [self._referrer("Direct Entry", None, visits, conversions)]

    def _referrer(
        self, label: str, campaign: str | None, visits: list[Row], conversions: list[Row]
    ) -> dict[str, Any]:
        number = sum(row["visits"] for row in visits if row["campaign"] == campaign)
        goals = {
            f"idgoal={self._goals[row['goal']]}": {"nb_conversions": row["conversions"]}
            for row in conversions
            if row["campaign"] == campaign
        }
        told: dict[str, Any] = {"label": label, "nb_visits": number, "bounce_rate": "45%"}
        return {**told, "goals": goals} if goals else told


def _entry_pages(visits: list[Row], conversions: list[Row]) -> list[dict[str, Any]]:
    return [
        {
            "label": row["page"],
            "entry_nb_visits": row["visits"],
            "entry_nb_uniq_visitors": row["visitors"],
            "entry_bounce_count": "1",
            "bounce_rate": "45%",
        }
        for row in visits
    ]


def _segment(text: str) -> Callable[[str | None], bool]:
    """Whether a segment means what a campaign, or none, brought."""
    if not text:
        return lambda campaign: True
    if text == "referrerType!=campaign":
        return lambda campaign: campaign is None
    name = unquote(text.removeprefix("referrerType==campaign;referrerName=="))
    return lambda campaign: campaign == name


def _error(message: str) -> Reply:
    return Reply({"result": "error", "message": message})


VENDOR = Vendor(
    connector="matomo",
    longest=("visits", "/index.php"),
    pinned="site",
    quick={"KOERS_MATOMO_SINCE": "5"},
    lately=lately,
    account=Matomo,
    environment=lambda url: {
        "KOERS_MATOMO_URL": url,
        "KOERS_MATOMO_TOKEN": TOKEN,
        "KOERS_MATOMO_SITE": "7",
    },
    lacks={
        **LACKS,
        "many": "a report is a month, and the server keeps some hundred rows of a day, however "
        "many visits there were",
    },
)
