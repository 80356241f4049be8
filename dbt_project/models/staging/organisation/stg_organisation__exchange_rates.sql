-- One row is one landed version of one record of organisation.exchange_rates, typed.
{% set fields = [
    'currency', 'rate', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'rate': 'rate',
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'exchange_rates', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        upper(trim(currency)) as currency,
        {{ as_rate('rate') }} as rate,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['currency', 'rate']) }} as quarantine_reason
    from source
)

select * from renamed
