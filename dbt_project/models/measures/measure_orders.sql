-- One row is one deal that was won or lost, on the day it was closed.
with

closed as (
    select
        deal_id,
        owner,
        campaign,
        source,
        closed_date,
        stage,
        amount,
        currency
    from {{ ref('deals') }}
    where stage in ('won', 'lost') and closed_date is not null
),

attributed as ({{ attributed('closed', source_user='owner', date='closed_date', project='campaign') }}),

priced as ({{ in_base_currency('attributed', amount='amount', currency='currency', date='closed_date') }})

select
    source || '/' || deal_id as deal_key,
    closed_date as measure_date,
    {{ org_columns() }},
    1 as closed_deals,
    case when stage = 'won' then 1 end as won_orders,
    case when stage = 'won' then amount_base end as order_amount,
    -- An order without a known value counts in no average.
    case when stage = 'won' and amount_base is not null then 1 end as priced_orders
from priced
