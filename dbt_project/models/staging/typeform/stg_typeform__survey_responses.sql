-- One row is one landed version of one record of typeform.responses, typed.
{% set fields = [
    'response_id', 'respondent', 'survey_type', 'survey', 'owner', 'campaign', 'score',
    'invited_at', 'responded_at'
] %}
{% set casts = {
    'score': 'integer',
    'invited_at': 'business_date',
    'responded_at': 'business_date',
} %}
{% set rules = {
    'score: lies outside 0 to 10':
        as_integer('score') ~ ' not between 0 and 10',
} %}
with

source as ({{ landed('typeform', 'responses', fields) }}),

renamed as (
    select
        'typeform' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        response_id,
        respondent as respondent_key,
        survey_type,
        survey,
        owner,
        campaign,
        {{ as_integer('score') }} as score,
        {{ business_date('invited_at') }} as invited_date,
        {{ business_date('responded_at') }} as responded_date,
        {{ quarantine_reason(casts, required=['response_id', 'responded_at'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
