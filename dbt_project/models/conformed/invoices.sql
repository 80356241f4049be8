-- One row is one sales invoice, in its latest good version.
{{ conformed('invoices', [
    'invoice_id',
    'customer',
    'cost_centre',
    'project_code',
    'invoice_date',
    'due_date',
    'paid_date',
    'amount',
    'currency'
]) }}
