-- One row is the value of one unit of a currency in the base currency, for one period.
with given as (
    select currency, rate, {{ valid_range() }}
    from {{ ref('stg_organisation__exchange_rates') }}
    where quarantine_reason is null and rate > 0
)

{{ without_overlap('given', ['currency'], ['rate']) }}
