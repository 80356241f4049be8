-- One row is one landed version of one record of organisation.source_users, typed.
{% set fields = [
    'source', 'source_user', 'person_id', 'org_unit_id', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'source_users', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        lower(trim(source)) as source_name,
        source_user,
        person_id,
        org_unit_id,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['source', 'source_user']) }} as quarantine_reason
    from source
)

select * from renamed
