-- One row is one landed version of one record of hr.activities, typed.
{% set fields = [
    'activity_id', 'employee', 'activity_date', 'activity_type', 'campaign'
] %}
{% set casts = {
    'activity_date': 'business_date',
} %}
with

source as ({{ landed('hr', 'activities', fields) }}),

renamed as (
    select
        'hr' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        activity_id,
        activity_type,
        employee as owner,
        campaign,
        {{ business_date('activity_date') }} as activity_date,
        {{ quarantine_reason(
            casts, required=['activity_id', 'employee', 'activity_date']
        ) }} as quarantine_reason
    from source
)

select * from renamed
