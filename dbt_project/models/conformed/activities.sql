-- One row is one call, meeting or visit, in its latest good version.
{{ conformed('activities', [
    'activity_id',
    'activity_type',
    'owner',
    'campaign',
    'activity_date'
]) }}
