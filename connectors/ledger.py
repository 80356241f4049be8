"""The general ledger (finance): journal lines, from an export of any bookkeeping package.

Amounts are positive for revenue and for cost alike; a credit note or a correction is negative.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="ledger",
    label="Ledger export",
    kind="finance",
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
    streams=(
        Stream(
            name="entries",
            description="One row is one journal line on a revenue or cost account.",
            key=("entry_id",),
            activity="entry_date",
            fields=(
                Field("entry_id", headings=("Boekstuk", "Boekstuknummer", "Entry"), required=True),
                Field("entry_date", "date", headings=("Boekdatum", "Datum", "Date"), required=True),
                Field("account_code", headings=("Grootboekrekening", "Rekening", "Account")),
                Field("account_type", headings=("Soort", "Type"), required=True),
                Field("cost_centre", headings=("Kostenplaats", "Cost centre")),
                Field("project_code", headings=("Project", "Projectcode")),
                Field("amount", "decimal", headings=("Bedrag", "Amount"), required=True),
                Field("currency", headings=("Valuta", "Currency")),
            ),
        ),
    ),
)
