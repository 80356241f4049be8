-- One row is one landed version of one record of hubspot.companies, typed.
{% set fields = [
    'company_id', 'name', 'country'
] %}
with

source as ({{ landed('hubspot', 'companies', fields) }}),

renamed as (
    select
        'hubspot' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        company_id,
        name as company,
        country,
        {{ quarantine_reason({}, required=['company_id']) }} as quarantine_reason
    from source
)

select * from renamed
