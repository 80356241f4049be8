-- One row is one journal line.
with

entries as (select * from {{ ref('ledger_entries') }}),

attributed as (
    {{ attributed('entries', source_user='cost_centre', date='entry_date', project='project_code') }}
),

priced as (
    {{ in_base_currency('attributed', amount='amount', currency='currency', date='entry_date') }}
),

shared as (
    select
        *,
        amount_base * share as part
    from priced
    where entry_date is not null
)

select
    source || '/' || entry_id as entry_key,
    entry_date as measure_date,
    {{ org_columns() }},
    case when account_type = 'revenue' then part end as ledger_revenue,
    case account_type when 'revenue' then part when 'cost_of_sales' then -part end as ledger_gross_profit,
    case
        when account_type in ('revenue', 'subsidy') then part
        when account_type in ('cost_of_sales', 'marketing_cost', 'cost') then -part
    end as ledger_result,
    case when account_type in ('cost_of_sales', 'marketing_cost', 'cost') then part end as ledger_cost,
    case when account_type = 'marketing_cost' then part end as marketing_cost,
    case when account_type = 'subsidy' then part end as subsidy_amount,
    case when account_type = 'bank' then part end as bank_amount,
    case
        when account_type in ('cost_of_sales', 'marketing_cost', 'cost') and project_id not like '%/unassigned-project'
            then part
    end as project_cost
from shared
