-- One row is one product on one won deal, with what it cost: as its source says with the line, or else what
-- the product costs now in that currency. Null, never zero, where nobody says.
with

costs as (
    select
        source,
        product_id,
        currency,
        max(unit_cost) as unit_cost
    from {{ ref('product_costs') }}
    group by source, product_id, currency
),

lines as (
    select
        deal_lines.*,
        deals.owner,
        deals.campaign,
        deals.closed_date,
        coalesce(deal_lines.currency, deals.currency) as line_currency,
        cast(deal_lines.quantity as decimal(38, 4)) as line_quantity
    from {{ ref('deal_lines') }} as deal_lines
    inner join {{ ref('int_deals') }} as deals
        on deal_lines.source = deals.source and deal_lines.deal_id = deals.deal_id
    where deals.stage = 'won' and deals.closed_date is not null
),

costed as (
    select
        lines.*,
        lines.line_quantity * coalesce(lines.unit_cost, costs.unit_cost) as line_cost
    from lines
    left join costs
        on
            lines.source = costs.source
            and lines.product_id = costs.product_id
            and lines.line_currency = costs.currency
)

select
    source,
    record_id,
    load_id,
    deal_line_id,
    owner,
    campaign,
    product,
    closed_date,
    amount,
    line_currency as currency,
    -- More than money can hold is a quantity typed wrong.
    case when abs(line_cost) < 1000000000000000 then cast(line_cost as decimal(18, 2)) end as cost
from costed
