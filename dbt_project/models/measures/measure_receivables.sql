-- One row is one change of what customers owe: an invoice that was sent, and that was paid.
with

spells as (
    select
        source,
        source || '/' || invoice_id as entity,
        cost_centre,
        project_code,
        amount,
        currency,
        invoice_date,
        invoice_date as from_date,
        paid_date as until_date
    from {{ ref('invoices') }}
),

priced as (
    {{ in_base_currency('spells', amount='amount', currency='currency', date='invoice_date') }}
),

{{ balance_changes('priced', amount='amount_base', source_user='cost_centre', project='project_code') }}

select
    entity as invoice_key,
    measure_date,
    {{ org_columns() }},
    balance_change as receivables_change
from balance_changes
