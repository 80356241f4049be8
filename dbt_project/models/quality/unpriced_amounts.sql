-- One row is one amount in a currency that has no exchange rate on the day it counts.
-- Such an amount is null in every sum, so it is named here instead of vanishing.
with

-- The amounts that the measures turn into the base currency, on the days they do it for.
amounts as (
    select
        source,
        'deals' as entity,
        record_id,
        load_id,
        amount,
        currency,
        closed_date as rate_date
    from {{ ref('int_deals') }}
    where stage = 'won'
    union
    select
        source,
        'deals' as entity,
        record_id,
        load_id,
        amount,
        currency,
        created_date as rate_date
    from {{ ref('int_deals') }}
    union
    select
        source,
        'deal_lines' as entity,
        record_id,
        load_id,
        amount,
        currency,
        closed_date as rate_date
    from {{ ref('int_order_lines') }}
    where cost is not null
    union
    select
        source,
        'ledger_entries' as entity,
        record_id,
        load_id,
        amount,
        currency,
        entry_date as rate_date
    from {{ ref('ledger_entries') }}
    union
    select
        source,
        'invoices' as entity,
        record_id,
        load_id,
        amount,
        currency,
        invoice_date as rate_date
    from {{ ref('invoices') }}
),

priced as ({{ in_base_currency('amounts', amount='amount', currency='currency', date='rate_date') }})

select
    source,
    entity,
    record_id,
    load_id,
    amount,
    currency,
    rate_date
from priced
where amount is not null and amount_base is null and rate_date is not null
