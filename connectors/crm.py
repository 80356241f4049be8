"""Any other CRM, from an export of its opportunities.

For a CRM that Koers has no connector of its own for. The headings differ per tool, so expect to
write them in `mapping.yaml`, where the tool's own words for won, lost and open are mapped too.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="crm",
    label="CRM export",
    kind="crm",
    file_format=FileFormat(),
    streams=(
        Stream(
            name="deals",
            description="One row is one opportunity, as it is now.",
            key=("deal_id",),
            activity="closed_date",
            fields=(
                Field("deal_id", headings=("Opportunity ID", "Deal ID", "ID"), required=True),
                Field(
                    "owner",
                    headings=("Owner", "Opportunity owner", "Sales agent", "Eigenaar", "Verkoper"),
                ),
                Field("account", headings=("Account", "Account name", "Company", "Klant")),
                Field("product", headings=("Product",)),
                Field("market", headings=("Market", "Markt", "Country", "Land")),
                Field("pipeline", headings=("Pipeline", "Type")),
                Field("campaign", headings=("Campaign", "Campagne", "Lead source")),
                Field("stage", headings=("Stage", "Status", "Deal stage", "Fase"), required=True),
                Field("amount", "decimal", headings=("Amount", "Value", "Bedrag", "Waarde")),
                Field("currency", headings=("Currency", "Valuta")),
                Field(
                    "created_date", "date", headings=("Created date", "Create date", "Aanmaakdatum")
                ),
                Field("closed_date", "date", headings=("Close date", "Closed date", "Sluitdatum")),
            ),
        ),
    ),
)
