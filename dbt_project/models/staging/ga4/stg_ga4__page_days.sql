-- One row is one landed version of one record of ga4.visits, typed.
{% set fields = [
    'page', 'campaign', 'visit_date', 'visits', 'visitors'
] %}
{% set casts = {
    'visit_date': 'business_date',
    'visits': 'integer',
    'visitors': 'integer',
} %}
with

source as ({{ landed('ga4', 'visits', fields) }}),

renamed as (
    select
        'ga4' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        page,
        case
            when campaign not in ('(not set)', '(direct)', '(organic)', '(referral)', '(none)') then campaign
        end as campaign,
        {{ business_date('visit_date') }} as visit_date,
        {{ as_integer('visits') }} as visits,
        {{ as_integer('visitors') }} as visitors,
        {{ quarantine_reason(casts, required=['page', 'visit_date', 'visits']) }} as quarantine_reason
    from source
)

select * from renamed
