-- One row is one landed version of one record of matomo.conversions, typed.
{% set fields = [
    'goal_id', 'goal', 'campaign', 'conversion_date', 'conversions'
] %}
{% set casts = {
    'conversion_date': 'business_date',
    'conversions': 'number',
} %}
with

source as ({{ landed('matomo', 'conversions', fields) }}),

renamed as (
    select
        'matomo' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        coalesce(goal, goal_id) as goal,
        campaign,
        {{ business_date('conversion_date') }} as conversion_date,
        {{ as_number('conversions') }} as conversions,
        {{ quarantine_reason(casts, required=['goal_id', 'conversion_date', 'conversions']) }} as quarantine_reason
    from source
)

select * from renamed
