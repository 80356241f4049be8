"""SocialPilot (social media): posts and profile followers, from its export files (XLSX or CSV).

No public reference of an API was found, so none is pretended. Nor are the headings of its exports
published: those below are assumed; adjust them in `mapping.yaml`. Numbers may be shortened (`1,2K`,
under the decimal mark that `format` declares), and a dash or `N/A` is an empty cell; a rate such as
`3.4%` in a column of numbers is refused. Mind the Dutch heading
"Reacties", which means comments on most networks and reactions on Facebook: it is no alias here.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="socialpilot",
    label="SocialPilot",
    kind="social",
    file_format=FileFormat(date="dd-mm-yyyy", compact=True, blanks=("-", "--", "N/A", "n.v.t.")),
    streams=(
        Stream(
            name="posts",
            description="One row is one post with its totals at the moment of export.",
            key=("network", "profile", "post_id"),
            activity="published_at",
            fields=(
                Field("network", headings=("Network", "Netwerk"), required=True),
                Field("profile", headings=("Account name", "Profile", "Profiel"), required=True),
                Field("post_id", headings=("Post ID", "Bericht-ID"), required=True),
                Field("campaign", headings=("Campaign", "Campagne", "Tag")),
                Field(
                    "published_at",
                    "datetime",
                    headings=("Published at", "Post date", "Gepubliceerd op"),
                    required=True,
                ),
                Field(
                    "impressions", "integer", headings=("Impressions", "Weergaven", "Vertoningen")
                ),
                Field("reach", "integer", headings=("Reach", "Bereik")),
                Field(
                    "engagements",
                    "integer",
                    headings=("Engagement", "Engagements", "Betrokkenheid"),
                ),
                Field("clicks", "integer", headings=("Clicks", "Klikken", "Kliks")),
            ),
        ),
        Stream(
            name="profile_days",
            description="One row is the number of followers of one profile at the end of one day.",
            key=("network", "profile", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                Field("network", headings=("Network", "Netwerk"), required=True),
                Field("profile", headings=("Account name", "Profile", "Profiel"), required=True),
                Field("snapshot_date", "date", headings=("Date", "Datum"), required=True),
                Field("followers", "integer", headings=("Followers", "Volgers"), required=True),
            ),
        ),
    ),
)
