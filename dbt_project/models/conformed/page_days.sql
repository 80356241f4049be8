-- One row is one page and campaign on one day, in its latest good version.
{{ conformed('page_days', [
    'page',
    'campaign',
    'visit_date',
    'visits',
    'visitors'
]) }}
