-- One row is one deal that another source may tell too, with that other deal. Both count: which deals are
-- the same is never guessed, but what looks like it is named here.
with

named as (
    select
        source,
        record_id,
        load_id,
        deal_id,
        stage,
        amount,
        currency,
        created_date,
        closed_date,
        -- `Acme B.V.` in one tool is often `Acme BV` in the other.
        nullif(replace(replace(lower(account), '.', ''), ' ', ''), '') as company
    from {{ ref('int_deals') }}
)

select
    deals.source,
    deals.record_id,
    deals.load_id,
    deals.deal_id,
    others.source as other_source,
    others.deal_id as other_deal_id,
    deals.amount,
    deals.currency,
    case when deals.created_date = others.created_date then 'created' else 'closed' end as same_day,
    'deal ' || deals.deal_id || ' has the company, amount and day of deal ' || others.deal_id || ' in '
    || others.source as problem,
    'Both count. If they are one deal, write ' || deals.source || ':' || deals.deal_id || ' in the origin field of '
    || 'the deal in ' || others.source || ', or the other way round: in the tool that took it over.' as outcome
from named as deals
inner join named as others
    on
        deals.source <> others.source
        and deals.company = others.company
        and deals.amount = others.amount
        and deals.currency = others.currency
        and (
            deals.created_date = others.created_date
            or (deals.closed_date = others.closed_date and deals.stage = 'won' and others.stage = 'won')
        )
