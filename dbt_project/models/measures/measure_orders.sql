-- One row is one deal that was won or lost, on the day it was closed.
with

closed as (
    select
        deal_id,
        owner,
        campaign,
        source,
        created_date,
        closed_date,
        stage,
        amount,
        currency,
        pipeline,
        product,
        market,
        nullif(lower(trim(account)), '') as customer,
        row_number() over (
            partition by stage, lower(trim(account))
            order by closed_date asc nulls last, deal_id asc nulls last, source asc
        ) as customer_order
    from {{ ref('int_deals') }}
    where stage in ('won', 'lost') and closed_date is not null
),

attributed as ({{ attributed('closed', source_user='owner', date='closed_date', project='campaign') }}),

priced as ({{ in_base_currency('attributed', amount='amount', currency='currency', date='closed_date') }})

select
    priced.source || '/' || priced.deal_id as deal_key,
    priced.closed_date as measure_date,
    {{ org_columns('priced') }},
    priced.pipeline,
    priced.product,
    priced.market,
    new_products.name is not null as is_new_product,
    new_markets.name is not null as is_new_market,
    priced.share as closed_deals,
    case when priced.stage = 'won' then priced.share else 0 end as won_orders,
    case when priced.stage = 'won' then priced.amount_base * priced.share end as order_amount,
    -- An order without a known value counts in no average.
    case when priced.stage = 'won' and priced.amount_base is not null then priced.share end as priced_orders,
    case when priced.stage = 'won' and priced.created_date <= priced.closed_date then priced.share end as timed_orders,
    case
        when priced.stage = 'won' and priced.created_date <= priced.closed_date
            then {{ dbt.datediff('priced.created_date', 'priced.closed_date', 'day') }} * priced.share
    end as cycle_days,
    case when priced.stage = 'won' then priced.customer end as ordering_customers,
    case
        when priced.stage = 'won' and priced.customer is not null and priced.customer_order = 1
            then priced.share
    end as new_customer_count,
    case when priced.stage = 'won' then {{ person('priced') }} end as people_with_orders
from priced
left join {{ ref('innovations') }} as new_products
    on
        new_products.kind = 'product'
        and priced.product = new_products.name
        and priced.closed_date between new_products.valid_from and new_products.valid_to
left join {{ ref('innovations') }} as new_markets
    on
        new_markets.kind = 'market'
        and priced.market = new_markets.name
        and priced.closed_date between new_markets.valid_from and new_markets.valid_to
