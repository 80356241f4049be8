-- One row is one landed version of one record of matomo.visits, typed.
{% set fields = [
    'page', 'campaign', 'visit_date', 'visits', 'visitors'
] %}
{% set casts = {
    'visit_date': 'business_date',
    'visits': 'integer',
    'visitors': 'integer',
} %}
with

source as ({{ landed('matomo', 'visits', fields) }}),

renamed as (
    select
        'matomo' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        page,
        campaign,
        {{ business_date('visit_date') }} as visit_date,
        {{ as_integer('visits') }} as visits,
        {{ as_integer('visitors') }} as visitors,
        {{ quarantine_reason(casts, required=['page', 'visit_date', 'visits']) }} as quarantine_reason
    from source
)

select * from renamed
