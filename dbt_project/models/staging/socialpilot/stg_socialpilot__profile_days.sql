{{ staged('socialpilot', 'profile_days', [
    ['network', 'text'],
    ['profile', 'text'],
    ['snapshot_date', 'business_date'],
    ['followers', 'bigint']
]) }}
