-- One row is one landed version of one record of organisation.memberships, typed.
{% set fields = [
    'person_id', 'org_unit_id', 'share', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'share': 'integer',
    'valid_from': 'date',
    'valid_to': 'date',
} %}
{% set rules = {
    'share: is no whole percent from 1 to 100':
        as_integer('share') ~ ' not between 1 and 100',
} %}
with

source as ({{ landed('organisation', 'memberships', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        person_id,
        org_unit_id,
        {{ as_integer('share') }} as share,
        {{ as_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['person_id', 'org_unit_id'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
