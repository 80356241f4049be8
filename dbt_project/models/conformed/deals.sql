-- One row is one deal, in its latest good version.
{{ conformed('deals', [
    'deal_id',
    'owner',
    'account',
    'product',
    'pipeline',
    'campaign',
    'stage',
    'amount',
    'currency',
    'created_date',
    'closed_date'
]) }}
