-- One row is one deal, in its latest good version.
{{ conformed('deals', [
    'deal_id',
    'owner',
    'account',
    'account_id',
    'product',
    'market',
    'pipeline',
    'campaign',
    'stage',
    'amount',
    'currency',
    'origin',
    'created_date',
    'closed_date'
]) }}
