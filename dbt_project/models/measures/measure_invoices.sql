-- One row is one invoice, on its date.
with

invoices as (select * from {{ ref('invoices') }}),

attributed as (
    {{ attributed('invoices', source_user='cost_centre', date='invoice_date', project='project_code') }}
),

priced as (
    {{ in_base_currency('attributed', amount='amount', currency='currency', date='invoice_date') }}
)

select
    source || '/' || invoice_id as invoice_key,
    invoice_date as measure_date,
    {{ org_columns() }},
    amount_base * share as invoiced_amount
from priced
