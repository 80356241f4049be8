-- One row is one landed version of one record of hubspot.contacts, typed.
{% set fields = [
    'contact_id', 'email', 'owner', 'campaign', 'lifecycle_stage', 'created_at', 'mql_at',
    'mql_at_before', 'customer_at', 'customer_at_before'
] %}
{% set casts = {
    'created_at': 'business_date',
    'mql_at': 'business_date',
    'mql_at_before': 'business_date',
    'customer_at': 'business_date',
    'customer_at_before': 'business_date',
} %}
with

source as ({{ landed('hubspot', 'contacts', fields) }}),

renamed as (
    select
        'hubspot' as source,
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
        coalesce({{ business_date('mql_at') }}, {{ business_date('mql_at_before') }}) as mql_date,
        coalesce({{ business_date('customer_at') }}, {{ business_date('customer_at_before') }}) as customer_date,
        cast(null as string) as converted_to,
        {{ quarantine_reason(casts, required=['contact_id']) }} as quarantine_reason
    from source
)

select * from renamed
