-- One row is one number of followers of one profile at the end of one day, in its latest good version.
{{ conformed('profile_days', [
    'network',
    'profile',
    'snapshot_date',
    'followers'
]) }}
