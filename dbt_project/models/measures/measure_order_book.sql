-- One row is one change of the order book: an open deal that came in, moved or went.
with

open_spells as (
    select
        source,
        source || '/' || deal_id as entity,
        owner,
        campaign,
        amount,
        currency,
        created_date as from_date,
        case when stage <> 'open' then closed_date end as until_date
    from {{ ref('int_deals') }}
    where created_date is not null
),

priced as ({{ in_base_currency('open_spells', amount='amount', currency='currency', date='from_date') }}),

{{ balance_changes('priced', amount='amount_base', source_user='owner', project='campaign') }}

select
    entity as deal_key,
    measure_date,
    {{ org_columns() }},
    balance_change as order_book_change
from balance_changes
