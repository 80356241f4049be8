-- One row is the value of one unit of a currency in the base currency, for one period.
with

current_rows as (
    {{ current_records('exchange_rates', ['currency', 'rate', 'valid_from', 'valid_to']) }}
),

given as (
    select currency, rate, {{ valid_range() }}
    from current_rows
    where rate > 0
)

{{ without_overlap('given', ['currency'], ['rate']) }}
