-- One row is one landed version of one record of surveys.responses, typed.
{% set fields = [
    'response_id', 'respondent', 'survey_type', 'survey', 'owner', 'campaign', 'score',
    'responded_at'
] %}
{% set casts = {
    'score': 'integer',
    'responded_at': 'business_date',
} %}
{% set rules = {
    'score: lies outside 0 to 10':
        as_integer('score') ~ ' not between 0 and 10',
} %}
with

source as ({{ landed('surveys', 'responses', fields) }}),

renamed as (
    select
        'surveys' as source,
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
        {{ business_date('responded_at') }} as responded_date,
        {{ quarantine_reason(casts, required=['response_id', 'responded_at'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
