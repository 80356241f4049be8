{{ staged('hubspot', 'contacts', [
    ['contact_id', 'text'],
    ['contact_key', 'text', 'email'],
    ['owner', 'text'],
    ['campaign', 'text'],
    ['lifecycle_stage', 'text'],
    ['created_date', 'business_date', 'created_at'],
    ['mql_date', 'business_date', 'mql_at']
]) }}
