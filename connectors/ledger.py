"""Bookkeeping (finance): journal lines and sales invoices, from an export of any package.

A line's amount is written in one of three ways, and never guessed from its sign:

- `Bedrag` alone: positive for revenue, costs and subsidies alike; a credit note or a correction is
  negative. On a bank account a receipt is positive and a payment negative.
- `Debet` and `Credit`, of which one or both are filled.
- `Bedrag` with `D/C`: debit or credit (D, C, Debet, Credit).

The last two are turned by the kind of account: revenue and subsidies are credit, all else debit. A
file of several lines per entry has a line number beside the entry's (`Regel`). Numbers with the
minus behind them or in parentheses, euro signs and thousands marks are read; title rows above the
headings and a row of totals below are not known here.

The headings are typical ones of Dutch packages; no package's export was seen, so say in
`mapping.yaml` what yours calls them.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="ledger",
    label="Ledger export",
    kind="finance",
    version=2,
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
    streams=(
        Stream(
            name="entries",
            description="One row is one journal line on a revenue, cost, subsidy or bank account.",
            key=("entry_id", "line_number"),
            activity="entry_date",
            fields=(
                Field(
                    "entry_id",
                    headings=("Boekstuk", "Boekstuknummer", "Bkst.nr.", "Entry", "Entry number"),
                    required=True,
                ),
                Field("line_number", headings=("Regel", "Regelnummer", "Line", "Line number")),
                Field("entry_date", "date", headings=("Boekdatum", "Datum", "Date"), required=True),
                Field(
                    "account_code",
                    headings=(
                        "Grootboekrekening",
                        "Grootboek",
                        "Rekening",
                        "Account",
                        "G/L account",
                    ),
                ),
                Field("account_type", headings=("Soort", "Type"), required=True),
                Field("cost_centre", headings=("Kostenplaats", "Cost centre")),
                Field("project_code", headings=("Project", "Projectcode")),
                Field("amount", "decimal", headings=("Bedrag", "Amount")),
                Field("side", headings=("D/C", "Debet/Credit", "Debit/Credit")),
                Field("debit", "decimal", headings=("Debet", "Debit", "Bedrag debet")),
                Field("credit", "decimal", headings=("Credit", "Bedrag credit")),
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
