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
        coalesce(deal_lines.currency, deals.currency) as line_currency
    from {{ ref('deal_lines') }} as deal_lines
    inner join {{ ref('int_deals') }} as deals
        on deal_lines.source = deals.source and deal_lines.deal_id = deals.deal_id
    where deals.stage = 'won' and deals.closed_date is not null
)

select
    lines.source,
    lines.record_id,
    lines.load_id,
    lines.deal_line_id,
    lines.owner,
    lines.campaign,
    lines.product,
    lines.closed_date,
    lines.amount,
    lines.line_currency as currency,
    -- A quantity that is too large for money makes the cost unknown.
    {{ dbt.safe_cast('lines.quantity * coalesce(lines.unit_cost, costs.unit_cost)', 'decimal(18, 2)') }} as cost
from lines
left join costs
    on
        lines.source = costs.source
        and lines.product_id = costs.product_id
        and lines.line_currency = costs.currency
