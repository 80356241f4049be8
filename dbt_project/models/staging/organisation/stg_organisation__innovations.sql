-- One row is one landed version of one record of organisation.innovations, typed.
{% set fields = [
    'kind', 'name', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'innovations', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        kind,
        name,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['kind', 'name']) }} as quarantine_reason
    from source
)

select * from renamed
