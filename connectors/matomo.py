"""Matomo (web analytics): visits per entry page, campaign and day, and conversions per goal,
campaign and day.

From the Reporting API (`index.php?module=API`), of a server of one's own or Matomo Cloud. The token
goes in the form of a POST, never in the address. A report by day over several days is an object
with a list of rows for each day, `[]` where there is nothing: a day that is missing means that the
answer is not whole. Mistakes are told with status 200. No report tells pages by campaign, so it is
asked for once for each campaign of the month, as a segment, and once for all other visits. Figures
of the last days still move, so each pull reads those days again. Visitors are those of one day, and
cannot be added up over days.

Sources: Matomo's pages on the Reporting API and its reference, an issue on unique visitors (4377).
Not verified: the fields of rows (`entry_nb_visits`, `goals`), the words of refusals (an error that
speaks of access or a token is taken as one of the credentials), that `filter_limit=-1` gives all
rows, that segments may be made on the fly (a server can forbid it: then the error says so). A
server keeps so many pages a day and adds up the rest as `Others`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from connectors.core.api.auth import Auth, FormToken
from connectors.core.api.client import Client, Verdict
from connectors.core.api.clock import Clock
from connectors.core.api.days import Calendar, Days
from connectors.core.api.declare import Api, Listing, Pull, Window
from connectors.core.api.messages import Json, MalformedError, Request, Response
from connectors.core.api.values import Values, Variable
from connectors.core.contract import Connector, Field, FileFormat, Stream

TOKEN = "KOERS_MATOMO_TOKEN"  # noqa: S105 - the name of a variable
URL = "KOERS_MATOMO_URL"
SITE = "KOERS_MATOMO_SITE"
CALENDAR = Calendar("KOERS_MATOMO_SINCE", "KOERS_MATOMO_LOOK_BACK_DAYS", "KOERS_MATOMO_TIME_ZONE")
VARIABLES = (
    Variable(TOKEN, "Token of a user with view access to the site", secret=True),
    Variable(URL, "Address of the server: https://matomo.example.nl"),
    Variable(SITE, "Number of the site (idSite)"),
    *CALENDAR.variables(3),
)
NOT_CAMPAIGN = "referrerType!=campaign"
CAMPAIGNS = "Campaigns"
ABANDONED = "ecommerceAbandonedCart"
_OF_ACCESS = re.compile(r"(?i)access|token|authenticat|permission|log ?in")


@dataclass(frozen=True)
class _ByDay:
    """The rows of a report by day, each with its `date`; of exactly the days that were asked for.

    fixed: what else holds for each row.
    """

    days: Days
    fixed: Mapping[str, str]
    expect: Literal["json", "csv"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        if not isinstance(content, dict) or sorted(content) != self.days.each():
            raise MalformedError("is no report of the days that were asked for")
        records: list[Json] = []
        for day, rows in content.items():
            if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
                raise MalformedError("has a day that is no list of rows with labels")
            records += [{**row, **self.fixed, "date": day} for row in rows]
        return content, records


def _is_row(row: Json) -> bool:
    return isinstance(row, dict) and row.get("label") is not None


def _report(
    values: Mapping[str, str], method: str, days: Days, segment: str = "", **more: str
) -> Request:
    asked = {"period": "day", "date": ",".join(days.texts), "filter_limit": "-1", **more}
    return _call(values, method, **asked, **({"segment": segment} if segment else {}))


def _call(values: Mapping[str, str], method: str, **more: str) -> Request:
    asked = {"module": "API", "method": method, "idSite": values[SITE], "format": "JSON", **more}
    return Request("/index.php", {**asked, "language": "en"}, method="POST")


def _entries(values: Mapping[str, str], days: Days, segment: str) -> Request:
    return _report(values, "Actions.getEntryPageUrls", days, segment, flat="1")


def _visits(values: Values, window: Window) -> Sequence[Listing]:
    """Two lists for each month: the entry pages of what no campaign brought, and the campaigns,
    completed with the entry pages of each."""
    found = []
    for days in CALENDAR.months(values, window):

        def pages(client: Client, rows: Sequence[Json], days: Days = days) -> Iterator[Json]:
            for campaign in sorted({str(row["label"]) for row in rows}):
                # A comma and a semicolon join conditions in a segment, so they are spelled.
                segment = f"referrerType==campaign;referrerName=={quote(campaign, safe='')}"
                of = _ByDay(days, {"campaign": campaign}).of
                _, records = client.read(_entries(values, days, segment), "json", of)
                yield from records

        others = _entries(values, days, NOT_CAMPAIGN)
        campaigns = _report(values, "Referrers.getCampaigns", days)
        found.append(Listing(others, _ByDay(days, {})))
        found.append(Listing(campaigns, _ByDay(days, {}), enrich=pages))
    return found


def _conversions(values: Values, window: Window) -> Sequence[Listing]:
    """Two lists for each month: conversions by campaign, and those of other visits by referrer."""

    def goals(client: Client, rows: Sequence[Json]) -> Iterator[Json]:
        request = _call(values, "Goals.getGoals", filter_limit="-1")
        yield from _by_goal(rows, client.read(request, "json", lambda r: _names(r.json())))

    found = []
    for days in CALENDAR.months(values, window):
        others = _report(values, "Referrers.getReferrerType", days, NOT_CAMPAIGN)
        campaigns = _report(values, "Referrers.getCampaigns", days)
        found.append(Listing(others, _ByDay(days, {}), enrich=goals))
        found.append(Listing(campaigns, _ByDay(days, {"kind": CAMPAIGNS}), enrich=goals))
    return found


def _names(goals: Json) -> dict[str, Json]:
    """The names of goals by number, from a list or, as older servers give them, an object."""
    rows = list(goals.values()) if isinstance(goals, dict) else goals
    if not isinstance(rows, list):
        raise MalformedError("has no list of goals")
    return {str(row.get("idgoal")): row.get("name") for row in rows if isinstance(row, dict)}


def _by_goal(rows: Sequence[Json], names: Mapping[str, Json]) -> Iterator[Json]:
    """A record for each goal that a row of referrers tells of: `{"idgoal=1": {...}}`."""
    for row in rows:
        goals = row.get("goals")
        for key, told in goals.items() if isinstance(goals, dict) else ():
            number = key.removeprefix("idgoal=")
            if number == ABANDONED or not isinstance(told, dict):
                continue
            is_campaign = row.get("kind") == CAMPAIGNS
            yield {
                "goal_id": number,
                "goal": names.get(number),
                "campaign": row.get("label") if is_campaign else None,
                "referrer": CAMPAIGNS if is_campaign else row.get("label"),
                "date": row["date"],
                "conversions": told.get("nb_conversions"),
            }


def _judge(response: Response) -> Verdict | None:
    """Mistakes come with status 200: `{"result":"error","message":"..."}`."""
    if response.status != 200 or b'"error"' not in response.body[:200]:
        return None
    try:
        content = response.json()
    except MalformedError:
        return None
    if not isinstance(content, dict) or content.get("result") != "error":
        return None
    words = str(content.get("message") or "no message")[:200]
    return Verdict("denied" if _OF_ACCESS.search(words) else "refused", words)


def _auth(values: Values, clock: Clock) -> Auth:
    return FormToken("token_auth", values[TOKEN])


def _pull(listings: Callable[[Values, Window], Sequence[Listing]]) -> Pull:
    # What was counted once stays, but for the days that are read again: of those, all is read.
    return Pull(listings, listings, overlap=dt.timedelta(0), sweep=None, whole_days=True)


CONNECTOR = Connector(
    name="matomo",
    label="Matomo",
    kind="web",
    file_format=FileFormat(),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (_call(values, "SitesManager.getSiteFromId"), "idsite"),
        judge=_judge,
        setup="Personal > Security > Auth tokens: of a user with view access to the site.",
        parallel=2,
    ),
    streams=(
        Stream(
            name="visits",
            description="One row is one entry page and campaign on one day.",
            key=("page", "campaign", "visit_date"),
            activity="visit_date",
            fields=(
                Field("page", headings=("Entry page", "Instappagina"), path="label", required=True),
                Field("campaign", headings=("Campaign", "Campagne"), path="campaign"),
                Field("visit_date", "date", headings=("Date", "Datum"), path="date", required=True),
                Field("visits", "integer", headings=("Entrances",), path="entry_nb_visits"),
                Field(
                    "visitors",
                    "integer",
                    headings=("Unique entrances",),
                    path="entry_nb_uniq_visitors",
                ),
            ),
            pull=_pull(_visits),
        ),
        Stream(
            name="conversions",
            description="One row is one goal, campaign and kind of referrer on one day.",
            key=("goal_id", "campaign", "referrer", "conversion_date"),
            activity="conversion_date",
            fields=(
                Field("goal_id", headings=("Goal ID",), path="goal_id", required=True),
                Field("goal", headings=("Goal", "Doel"), path="goal"),
                Field("campaign", headings=("Campaign", "Campagne"), path="campaign"),
                Field("referrer", headings=("Referrer type",), path="referrer"),
                Field(
                    "conversion_date",
                    "date",
                    headings=("Date", "Datum"),
                    path="date",
                    required=True,
                ),
                Field(
                    "conversions",
                    "decimal",
                    headings=("Conversions", "Conversies"),
                    path="conversions",
                ),
            ),
            pull=_pull(_conversions),
        ),
    ),
)
