-- One row is one size of one mailing list at the end of one day, in its latest good version.
{{ conformed('list_sizes', [
    'list_id',
    'sender',
    'snapshot_date',
    'subscribers',
    'added',
    'removed'
]) }}
