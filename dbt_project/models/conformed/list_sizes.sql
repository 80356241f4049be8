{{ conformed('list_sizes', [
    'list_id',
    'sender',
    'snapshot_date',
    'subscribers'
]) }}
