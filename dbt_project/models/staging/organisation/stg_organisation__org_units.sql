-- One row is one landed version of one record of organisation.org_units, typed.
{% set fields = [
    'org_unit_id', 'layer', 'parent_id', 'name', 'owner', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'org_units', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        org_unit_id,
        {{ org_layer('layer') }} as layer,
        parent_id,
        name,
        owner,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['org_unit_id', 'layer']) }} as quarantine_reason
    from source
)

select * from renamed
