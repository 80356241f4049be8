-- One row is one social post with its totals so far, in its latest good version.
{{ conformed('posts', [
    'network',
    'profile',
    'post_id',
    'campaign',
    'published_date',
    'impressions',
    'reach',
    'engagements',
    'clicks'
]) }}
