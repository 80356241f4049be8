"""HubSpot (CRM): deals, contacts and activities from its export files.

An export is CSV with commas, in UTF-8 with a byte-order mark; dates are `yyyy-mm-dd HH:MM` in the
account's zone and numbers have a dot. The vendor publishes no reference of the export's headings:
they are the property labels in the language of whoever exports. The English and Dutch labels below
are assumptions; `mapping.yaml` in the inbox folder overrides them.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="hubspot",
    label="HubSpot",
    kind="crm",
    file_format=FileFormat(encoding="utf-8", delimiter=",", decimal=".", date="yyyy-mm-dd"),
    streams=(
        Stream(
            name="deals",
            description="One row is one deal, as it is now.",
            key=("deal_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=(
                Field(
                    "deal_id",
                    headings=("Record ID - Deal", "Deal ID", "Record-ID - Deal"),
                    required=True,
                ),
                Field("owner", headings=("Deal owner", "Eigenaar van deal", "Deal-eigenaar")),
                Field("account", headings=("Associated Company", "Gekoppeld bedrijf")),
                Field("product", headings=("Product", "Product name", "Productnaam")),
                Field("market", headings=("Market", "Markt", "Country/Region", "Land/regio")),
                Field("pipeline", headings=("Pipeline",)),
                Field("campaign", headings=("Campaign", "Campagne")),
                Field("stage", headings=("Deal Stage", "Dealfase"), required=True),
                Field("amount", "decimal", headings=("Amount", "Bedrag")),
                Field("currency", headings=("Currency", "Valuta")),
                Field(
                    "created_at",
                    "datetime",
                    headings=("Create Date", "Aanmaakdatum"),
                    required=True,
                ),
                Field("closed_at", "datetime", headings=("Close Date", "Sluitingsdatum")),
                Field(
                    "updated_at",
                    "datetime",
                    headings=("Last Modified Date", "Laatst gewijzigd"),
                    required=True,
                ),
            ),
        ),
        Stream(
            name="contacts",
            description="One row is one contact, as it is now; the e-mail address is a keyed HMAC.",
            key=("contact_id",),
            updated_at="updated_at",
            activity="updated_at",
            fields=(
                Field(
                    "contact_id",
                    headings=("Record ID - Contact", "Contact ID", "Record-ID - Contact"),
                    required=True,
                ),
                Field("email", headings=("Email", "E-mail", "E-mailadres"), personal=True),
                Field("owner", headings=("Contact owner", "Eigenaar van contact")),
                Field("campaign", headings=("Original campaign", "Campaign", "Campagne")),
                Field("lifecycle_stage", headings=("Lifecycle Stage", "Levenscyclusfase")),
                Field(
                    "created_at",
                    "datetime",
                    headings=("Create Date", "Aanmaakdatum"),
                    required=True,
                ),
                Field(
                    "mql_at",
                    "datetime",
                    headings=(
                        "Became a Marketing Qualified Lead Date",
                        "Date entered Marketing Qualified Lead",
                    ),
                ),
                Field(
                    "customer_at",
                    "datetime",
                    headings=("Became a Customer Date", "Date entered Customer"),
                ),
                Field(
                    "updated_at",
                    "datetime",
                    headings=("Last Modified Date", "Laatst gewijzigd"),
                    required=True,
                ),
            ),
        ),
        Stream(
            name="activities",
            description="One row is one call, meeting or visit that an employee logged.",
            key=("activity_id",),
            updated_at="updated_at",
            activity="activity_at",
            fields=(
                Field(
                    "activity_id", headings=("Record ID - Activity", "Activity ID"), required=True
                ),
                Field("activity_type", headings=("Activity type", "Type activiteit")),
                Field("owner", headings=("Activity assigned to", "Activiteit toegewezen aan")),
                Field("campaign", headings=("Campaign", "Campagne")),
                Field(
                    "activity_at",
                    "datetime",
                    headings=("Activity date", "Datum activiteit"),
                    required=True,
                ),
                Field(
                    "updated_at", "datetime", headings=("Last Modified Date", "Laatst gewijzigd")
                ),
            ),
        ),
    ),
)
