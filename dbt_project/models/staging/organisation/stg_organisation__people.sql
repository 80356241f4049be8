-- One row is one landed version of one record of organisation.people, typed.
{% set fields = [
    'person_id', 'name', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'people', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        person_id,
        name,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['person_id', 'name']) }} as quarantine_reason
    from source
)

select * from renamed
