-- One row is one landed version of one record of organisation.kpi_targets, typed.
{% set fields = [
    'kpi', 'org_unit_id', 'grain', 'target', 'tolerance_lower', 'tolerance_upper',
    'tolerance_type', 'sides', 'target_type', 'profile', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'target': 'number',
    'tolerance_lower': 'number',
    'tolerance_upper': 'number',
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'kpi_targets', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        kpi,
        org_unit_id,
        lower(trim(grain)) as grain,
        {{ as_number('target') }} as target,
        {{ as_number('tolerance_lower') }} as tolerance_lower,
        {{ as_number('tolerance_upper') }} as tolerance_upper,
        lower(trim(tolerance_type)) as tolerance_type,
        {{ band_sides('sides') }} as sides,
        {{ target_type('target_type') }} as target_type,
        lower(trim(profile)) as profile,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['kpi', 'org_unit_id', 'grain', 'target']) }} as quarantine_reason
    from source
)

select * from renamed
