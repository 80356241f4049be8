-- One row is one contact that had been a marketing-qualified lead, on the day it became a customer.
with

converted as (
    select
        source,
        contact_id,
        owner,
        campaign,
        customer_date
    from {{ ref('int_contacts') }}
    where mql_date <= customer_date
),

attributed as (
    {{ attributed('converted', source_user='owner', date='customer_date', project='campaign') }}
)

select
    source || '/' || contact_id as contact_key,
    customer_date as measure_date,
    {{ org_columns() }},
    share as converted_mqls
from attributed
