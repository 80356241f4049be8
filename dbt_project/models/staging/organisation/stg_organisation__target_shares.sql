-- One row is one landed version of one record of organisation.target_shares, typed.
{% set fields = ['kpi', 'parent_id', 'child_id', 'weight', 'valid_from', 'valid_to'] %}
{% set casts = {'weight': 'number', 'valid_from': 'date', 'valid_to': 'date'} %}
with

source as ({{ landed('organisation', 'target_shares', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        trim(kpi) as kpi,
        parent_id,
        child_id,
        {{ as_number('weight') }} as weight,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['kpi', 'parent_id', 'child_id', 'weight']) }} as quarantine_reason
    from source
)

select * from renamed
