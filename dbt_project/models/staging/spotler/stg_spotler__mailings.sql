{{ staged('spotler', 'mailings', [
    ['mailing_id', 'text'],
    ['sender', 'text'],
    ['list_id', 'text'],
    ['campaign', 'text'],
    ['sent_date', 'business_date', 'sent_at'],
    ['sent', 'bigint'],
    ['delivered', 'bigint'],
    ['unique_opens', 'bigint'],
    ['total_opens', 'bigint'],
    ['unique_clicks', 'bigint'],
    ['total_clicks', 'bigint'],
    ['bounces', 'bigint'],
    ['unsubscribes', 'bigint']
]) }}
