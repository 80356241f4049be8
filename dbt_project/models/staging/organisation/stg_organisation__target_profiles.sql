-- One row is one landed version of one record of organisation.target_profiles, typed.
{% set fields = ['profile', 'month', 'weight'] %}
{% set casts = {'month': 'integer', 'weight': 'number'} %}
with

source as ({{ landed('organisation', 'target_profiles', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        lower(trim(profile)) as profile,
        {{ as_integer('month') }} as month_number,
        {{ as_number('weight') }} as weight,
        {{ quarantine_reason(casts, required=['profile', 'month', 'weight']) }} as quarantine_reason
    from source
)

select * from renamed
