"""Bookkeeping (finance): journal lines and sales invoices, from an export of any package.

Amounts are positive for revenue, costs and subsidies alike; a credit note or a correction is
negative. On a bank account a receipt is positive and a payment negative.
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
            description="One row is one journal line on a revenue, cost, subsidy or bank account.",
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
        Stream(
            name="invoices",
            description="One row is one sales invoice, as it is now.",
            key=("invoice_id",),
            activity="invoice_date",
            fields=(
                Field("invoice_id", headings=("Factuurnummer", "Invoice"), required=True),
                Field("customer", headings=("Debiteur", "Klant", "Customer")),
                Field("cost_centre", headings=("Kostenplaats", "Cost centre")),
                Field("project_code", headings=("Project", "Projectcode")),
                Field(
                    "invoice_date", "date", headings=("Factuurdatum", "Invoice date"), required=True
                ),
                Field("due_date", "date", headings=("Vervaldatum", "Due date"), required=True),
                Field("paid_date", "date", headings=("Betaald op", "Paid on")),
                Field("amount", "decimal", headings=("Bedrag", "Amount"), required=True),
                Field("currency", headings=("Valuta", "Currency")),
            ),
        ),
    ),
)
