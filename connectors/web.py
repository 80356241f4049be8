"""Web analytics: visits per page, campaign and day, and conversions per goal, campaign and day,
from an export of any tool.

A visit is what the tool calls a session. The headings below are the usual ones of such exports;
`mapping.yaml` in the inbox folder overrides them.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="web",
    label="Web analytics export",
    kind="web",
    file_format=FileFormat(),
    streams=(
        Stream(
            name="visits",
            description="One row is one page and campaign on one day.",
            key=("page", "campaign", "visit_date"),
            activity="visit_date",
            fields=(
                Field("page", headings=("Page", "Pagina", "Landing page"), required=True),
                Field("campaign", headings=("Campaign", "Campagne", "Session campaign")),
                Field("visit_date", "date", headings=("Date", "Datum"), required=True),
                Field("visits", "integer", headings=("Sessions", "Bezoeken"), required=True),
                Field("visitors", "integer", headings=("Users", "Bezoekers", "Total users")),
            ),
        ),
        Stream(
            name="conversions",
            description="One row is one goal and campaign on one day.",
            key=("goal", "campaign", "conversion_date"),
            activity="conversion_date",
            fields=(
                Field("goal", headings=("Goal", "Doel", "Event name"), required=True),
                Field("campaign", headings=("Campaign", "Campagne", "Session campaign")),
                Field("conversion_date", "date", headings=("Date", "Datum"), required=True),
                Field(
                    "conversions",
                    "decimal",
                    headings=("Conversions", "Conversies", "Key events"),
                    required=True,
                ),
            ),
        ),
    ),
)
