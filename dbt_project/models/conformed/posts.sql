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
