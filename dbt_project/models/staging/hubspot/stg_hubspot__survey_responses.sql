-- One row is one landed version of one record of hubspot.feedback, typed.
{% set fields = [
    'response_id', 'survey_type', 'survey', 'owner', 'campaign', 'score', 'responded_at'
] %}
{% set casts = {
    'score': 'integer',
    'responded_at': 'business_date',
} %}
with

source as ({{ landed('hubspot', 'feedback', fields) }}),

renamed as (
    select
        'hubspot' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        response_id,
        cast(null as string) as respondent_key,
        survey_type,
        survey,
        owner,
        campaign,
        {{ as_integer('score') }} as score,
        {{ business_date('responded_at') }} as invited_date,
        {{ business_date('responded_at') }} as responded_date,
        {{ quarantine_reason(casts, required=['response_id', 'responded_at']) }} as quarantine_reason
    from source
)

select * from renamed
