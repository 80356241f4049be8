{{ staged('hubspot', 'activities', [
    ['activity_id', 'text'],
    ['activity_type', 'text'],
    ['owner', 'text'],
    ['campaign', 'text'],
    ['activity_date', 'business_date', 'activity_at']
]) }}
