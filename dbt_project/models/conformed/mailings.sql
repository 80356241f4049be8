-- One row is one mailing with its totals so far, in its latest good version.
{{ conformed('mailings', [
    'mailing_id',
    'sender',
    'list_id',
    'campaign',
    'sent_date',
    'sent',
    'delivered',
    'unique_opens',
    'total_opens',
    'unique_human_opens',
    'total_human_opens',
    'unique_clicks',
    'total_clicks',
    'bounces',
    'unsubscribes'
]) }}
