-- One row is one landed version of one record of organisation.known_events, typed.
{% set fields = [
    'event', 'kind', 'org_unit_id', 'kpi', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'valid_from': 'date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'known_events', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        event,
        kind,
        org_unit_id,
        kpi,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['event']) }} as quarantine_reason
    from source
)

select * from renamed
