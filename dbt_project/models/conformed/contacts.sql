-- One row is one contact, in its latest good version.
{{ conformed('contacts', [
    'contact_id',
    'contact_key',
    'owner',
    'campaign',
    'lifecycle_stage',
    'created_date',
    'mql_date',
    'customer_date',
    'converted_to'
]) }}
