-- One row is one landed version of one record of plausible.visits, typed.
{% set fields = [
    'page', 'campaign', 'visit_date', 'visits', 'visitors'
] %}
{% set casts = {
    'visit_date': 'business_date',
    'visits': 'integer',
    'visitors': 'integer',
} %}
with

source as ({{ landed('plausible', 'visits', fields) }}),

renamed as (
    select
        'plausible' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        page,
        nullif(campaign, '(not set)') as campaign,
        {{ business_date('visit_date') }} as visit_date,
        {{ as_integer('visits') }} as visits,
        {{ as_integer('visitors') }} as visitors,
        {{ quarantine_reason(casts, required=['page', 'visit_date', 'visits']) }} as quarantine_reason
    from source
)

select * from renamed
