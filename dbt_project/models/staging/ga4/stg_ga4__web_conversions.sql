-- One row is one landed version of one record of ga4.conversions, typed.
{% set fields = [
    'goal', 'campaign', 'conversion_date', 'conversions'
] %}
{% set casts = {
    'conversion_date': 'business_date',
    'conversions': 'number',
} %}
with

source as ({{ landed('ga4', 'conversions', fields) }}),

renamed as (
    select
        'ga4' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        goal,
        case
            when campaign not in ('(not set)', '(direct)', '(organic)', '(referral)', '(none)') then campaign
        end as campaign,
        {{ business_date('conversion_date') }} as conversion_date,
        {{ as_number('conversions') }} as conversions,
        {{ quarantine_reason(casts, required=['goal', 'conversion_date', 'conversions']) }} as quarantine_reason
    from source
)

select * from renamed
