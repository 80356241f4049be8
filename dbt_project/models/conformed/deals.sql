-- One row is one deal, in its latest good version.
{{ conformed('deals', [
    'deal_id',
    'owner',
    'account',
    'product',
    'market',
    'pipeline',
    'campaign',
    'stage',
    'amount',
    'currency',
    'created_date',
    'closed_date'
]) }}
