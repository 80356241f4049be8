-- One row is one goal and campaign on one day, in its latest good version.
{{ conformed('web_conversions', [
    'goal',
    'campaign',
    'conversion_date',
    'conversions'
]) }}
