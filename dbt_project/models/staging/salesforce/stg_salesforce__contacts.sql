-- One row is one landed version of one record of salesforce.leads, typed.
{% set fields = [
    'contact_id', 'email', 'owner', 'campaign', 'lifecycle_stage', 'created_at', 'mql_at',
    'customer_at', 'converted_to', 'contact_campaign', 'contact_mql_at', 'contact_customer_at'
] %}
{% set casts = {
    'created_at': 'business_date',
    'mql_at': 'business_date',
    'customer_at': 'business_date',
    'contact_mql_at': 'business_date',
    'contact_customer_at': 'business_date',
} %}
with

source as ({{ landed('salesforce', 'leads', fields) }}),

renamed as (
    select
        'salesforce' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        contact_id,
        email as contact_key,
        owner,
        coalesce(campaign, contact_campaign) as campaign,
        lifecycle_stage,
        {{ business_date('created_at') }} as created_date,
        coalesce({{ business_date('mql_at') }}, {{ business_date('contact_mql_at') }}) as mql_date,
        coalesce(
            {{ business_date('customer_at') }}, {{ business_date('contact_customer_at') }}
        ) as customer_date,
        converted_to,
        {{ quarantine_reason(casts, required=['contact_id']) }} as quarantine_reason
    from source
)

select * from renamed
