-- One row is one product on one won deal whose cost is known, on the day the deal was closed.
with

priced as (
    {{ in_base_currency(ref('int_order_lines'), amount='amount', currency='currency', date='closed_date') }}
),

sold as (
    select
        source,
        deal_line_id,
        owner,
        campaign,
        product,
        closed_date,
        currency,
        cost,
        amount_base as price_base
    from priced
),

costed as ({{ in_base_currency('sold', amount='cost', currency='currency', date='closed_date') }}),

known as (
    select
        source,
        deal_line_id,
        owner,
        campaign,
        product,
        closed_date,
        price_base,
        price_base - amount_base as margin_base
    from costed
    where price_base is not null and amount_base is not null
),

attributed as ({{ attributed('known', source_user='owner', date='closed_date', project='campaign') }})

select
    source || '/' || deal_line_id as line_key,
    closed_date as measure_date,
    {{ org_columns() }},
    product,
    price_base * share as line_amount,
    margin_base * share as line_margin
from attributed
