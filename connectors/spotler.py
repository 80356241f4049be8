"""Spotler Mail+ (e-mail marketing): mailings with their statistics, and list sizes, from exports.

A Dutch account writes semicolons, cp1252, `dd-mm-jjjj` and a decimal comma. The vendor does not
publish the headings of its report exports; those below are assumptions that `mapping.yaml`
overrides. Statistics of a mailing keep moving for weeks: a later export of the same mailing
replaces the earlier one.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="spotler",
    label="Spotler Mail+",
    kind="email",
    file_format=FileFormat(encoding="cp1252", delimiter=";", decimal=",", date="dd-mm-yyyy"),
    streams=(
        Stream(
            name="mailings",
            description="One row is one mailing with its totals at the moment of export.",
            key=("mailing_id",),
            activity="sent_at",
            fields=(
                Field("mailing_id", headings=("Mailing-ID", "Mailing ID"), required=True),
                Field("sender", headings=("Afzender", "Account", "Sender")),
                Field("list_id", headings=("Lijst", "List")),
                Field("campaign", headings=("Campagne", "Campaign")),
                Field("sent_at", "datetime", headings=("Verzonden op", "Sent on"), required=True),
                Field("sent", "integer", headings=("Verzonden", "Sent"), required=True),
                Field("delivered", "integer", headings=("Afgeleverd", "Delivered"), required=True),
                Field("unique_opens", "integer", headings=("Unieke opens", "Unique opens")),
                Field("total_opens", "integer", headings=("Totaal opens", "Total opens")),
                Field("unique_clicks", "integer", headings=("Unieke kliks", "Unique clicks")),
                Field("total_clicks", "integer", headings=("Totaal kliks", "Total clicks")),
                Field("bounces", "integer", headings=("Bounces",)),
                Field("unsubscribes", "integer", headings=("Afmeldingen", "Unsubscribes")),
            ),
        ),
        Stream(
            name="list_sizes",
            description="One row is the size of one list at the end of one day.",
            key=("list_id", "snapshot_date"),
            activity="snapshot_date",
            fields=(
                Field("list_id", headings=("Lijst", "List"), required=True),
                Field("sender", headings=("Afzender", "Account", "Sender")),
                Field("snapshot_date", "date", headings=("Datum", "Date"), required=True),
                Field(
                    "subscribers",
                    "integer",
                    headings=("Aantal abonnees", "Subscribers"),
                    required=True,
                ),
            ),
        ),
    ),
)
