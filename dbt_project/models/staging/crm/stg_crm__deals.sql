-- One row is one landed version of one record of crm.deals, typed.
{% set fields = [
    'deal_id', 'owner', 'account', 'product', 'market', 'pipeline', 'campaign', 'stage', 'amount',
    'currency', 'created_date', 'closed_date'
] %}
{% set casts = {
    'amount': 'decimal',
    'created_date': 'business_date',
    'closed_date': 'business_date',
} %}
{% set rules = {
    'a won or lost deal has no closed date':
        deal_stage('stage') ~ " in ('won', 'lost') and closed_date is null",
} %}
with

source as ({{ landed('crm', 'deals', fields) }}),

renamed as (
    select
        'crm' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        deal_id,
        owner,
        account,
        cast(null as string) as account_id,
        product,
        market,
        pipeline,
        campaign,
        {{ deal_stage('stage') }} as stage,
        {{ as_decimal('amount') }} as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        cast(null as string) as origin,
        {{ business_date('created_date') }} as created_date,
        {{ business_date('closed_date') }} as closed_date,
        {{ quarantine_reason(casts, required=['deal_id', 'stage'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
