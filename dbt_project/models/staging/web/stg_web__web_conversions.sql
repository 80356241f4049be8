-- One row is one landed version of one record of web.conversions, typed.
{% set fields = [
    'goal', 'campaign', 'conversion_date', 'conversions'
] %}
{% set casts = {
    'conversion_date': 'business_date',
    'conversions': 'number',
} %}
with

source as ({{ landed('web', 'conversions', fields) }}),

renamed as (
    select
        'web' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        goal,
        campaign,
        {{ business_date('conversion_date') }} as conversion_date,
        {{ as_number('conversions') }} as conversions,
        {{ quarantine_reason(casts, required=['goal', 'conversion_date', 'conversions']) }} as quarantine_reason
    from source
)

select * from renamed
