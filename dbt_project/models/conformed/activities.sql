{{ conformed('activities', [
    'activity_id',
    'activity_type',
    'owner',
    'campaign',
    'activity_date'
]) }}
