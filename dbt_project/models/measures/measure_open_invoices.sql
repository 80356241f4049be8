-- One row is one change of how many invoices are open: one that was sent, and that was paid.
with

spells as (
    select
        source,
        source || '/' || invoice_id as entity,
        cost_centre,
        project_code,
        1 as invoices,
        invoice_date as from_date,
        paid_date as until_date
    from {{ ref('invoices') }}
),

{{ balance_changes('spells', amount='invoices', source_user='cost_centre', project='project_code') }}

select
    entity as invoice_key,
    measure_date,
    {{ org_columns() }},
    balance_change as open_invoices_change
from balance_changes
