"""Web analytics: visits per page, campaign and day, from an export of any tool.

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
    ),
)
