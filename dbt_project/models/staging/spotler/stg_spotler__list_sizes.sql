{{ staged('spotler', 'list_sizes', [
    ['list_id', 'text'],
    ['sender', 'text'],
    ['snapshot_date', 'business_date'],
    ['subscribers', 'bigint']
]) }}
