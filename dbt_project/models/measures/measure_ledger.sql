-- One row is one journal line on a revenue or cost account.
with

entries as (select * from {{ ref('ledger_entries') }}),

attributed as (
    {{ attributed('entries', source_user='cost_centre', date='entry_date', project='project_code') }}
),

priced as (
    {{ in_base_currency('attributed', amount='amount', currency='currency', date='entry_date') }}
)

select
    source || '/' || entry_id as entry_key,
    entry_date as measure_date,
    {{ org_columns() }},
    case when account_type = 'revenue' then amount_base end as ledger_revenue,
    case when account_type = 'cost' then amount_base end as ledger_cost,
    case when account_type = 'revenue' then amount_base else -amount_base end as ledger_result
from priced
where entry_date is not null
