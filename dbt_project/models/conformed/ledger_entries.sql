-- One row is one journal line on a revenue, cost, subsidy or bank account, in its latest good version.
{{ conformed('ledger_entries', [
    'entry_id',
    'entry_date',
    'account_code',
    'account_type',
    'cost_centre',
    'project_code',
    'amount',
    'currency'
]) }}
