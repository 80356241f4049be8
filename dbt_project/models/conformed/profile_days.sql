{{ conformed('profile_days', [
    'network',
    'profile',
    'snapshot_date',
    'followers'
]) }}
