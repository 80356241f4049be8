-- One row is one landed version of one record of organisation.project_rules, typed.
{% set fields = [
    'source', 'rule_value', 'project_id', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'project_rules', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        lower(trim(source)) as source_name,
        rule_value,
        project_id,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['source', 'rule_value', 'project_id']) }} as quarantine_reason
    from source
)

select * from renamed
