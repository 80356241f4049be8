-- One row is one landed version of one record of pipedrive.deals, typed.
{% set fields = [
    'deal_id', 'owner', 'account', 'account_id', 'product', 'market', 'pipeline', 'campaign',
    'stage', 'amount', 'currency', 'origin', 'created_at', 'won_at', 'lost_at', 'closed_at'
] %}
{% set casts = {
    'amount': 'decimal',
    'created_at': 'business_date',
    'won_at': 'business_date',
    'lost_at': 'business_date',
    'closed_at': 'business_date',
} %}
{% set rules = {
    'a won or lost deal has no closed date':
        deal_stage('stage') ~ " in ('won', 'lost') and coalesce(won_at, lost_at, closed_at) is null",
} %}
with

source as ({{ landed('pipedrive', 'deals', fields) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        deal_id,
        owner,
        account,
        account_id,
        product,
        market,
        pipeline,
        campaign,
        {{ deal_stage('stage') }} as stage,
        {{ as_decimal('amount') }} as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        origin,
        {{ business_date('created_at') }} as created_date,
        coalesce(
            {{ business_date('won_at') }}, {{ business_date('lost_at') }}, {{ business_date('closed_at') }}
        ) as closed_date,
        {{ quarantine_reason(casts, required=['deal_id', 'stage'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
