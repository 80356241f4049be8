{{ staged('socialpilot', 'posts', [
    ['network', 'text'],
    ['profile', 'text'],
    ['post_id', 'text'],
    ['campaign', 'text'],
    ['published_date', 'business_date', 'published_at'],
    ['impressions', 'bigint'],
    ['reach', 'bigint'],
    ['engagements', 'bigint'],
    ['clicks', 'bigint']
]) }}
