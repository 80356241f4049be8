-- One row is one landed version of one record of pipedrive.persons, typed.
{% set fields = [
    'contact_id', 'email', 'owner', 'campaign', 'lifecycle_stage', 'created_at', 'mql_at',
    'customer_at'
] %}
{% set casts = {
    'created_at': 'business_date',
    'mql_at': 'business_date',
    'customer_at': 'business_date',
} %}
with

source as ({{ landed('pipedrive', 'persons', fields) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        contact_id,
        email as contact_key,
        owner,
        campaign,
        lifecycle_stage,
        {{ business_date('created_at') }} as created_date,
        {{ business_date('mql_at') }} as mql_date,
        {{ business_date('customer_at') }} as customer_date,
        cast(null as string) as converted_to,
        {{ quarantine_reason(casts, required=['contact_id']) }} as quarantine_reason
    from source
)

select * from renamed
