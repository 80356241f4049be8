-- One row is one landed version of one record of salesforce.activities, typed.
{% set fields = [
    'activity_id', 'activity_type', 'owner', 'campaign', 'activity_at'
] %}
{% set casts = {
    'activity_at': 'business_date',
} %}
with

source as ({{ landed('salesforce', 'activities', fields) }}),

renamed as (
    select
        'salesforce' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        activity_id,
        activity_type,
        owner,
        campaign,
        {{ business_date('activity_at') }} as activity_date,
        {{ quarantine_reason(casts, required=['activity_id', 'activity_at']) }} as quarantine_reason
    from source
)

select * from renamed
