{{ conformed('deals', [
    'deal_id',
    'owner',
    'account',
    'product',
    'pipeline',
    'campaign',
    'amount',
    'created_date',
    'closed_date',
    'stage',
    'currency'
]) }}
