-- One row is one user of a source who can own records, in its latest good version.
{{ conformed('owners', [
    'owner_id',
    'login',
    'owner_name'
]) }}
