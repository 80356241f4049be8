{{ conformed('ledger_entries', [
    'entry_id',
    'entry_date',
    'account_code',
    'cost_centre',
    'project_code',
    'amount',
    'account_type',
    'currency'
]) }}
