-- One row is one landed version of one record of salesforce.opportunities, typed.
{% set fields = [
    'deal_id', 'owner', 'account_id', 'market', 'pipeline', 'campaign', 'stage', 'is_closed',
    'is_won', 'amount', 'currency', 'origin', 'created_at', 'closed_date'
] %}
{% set casts = {
    'amount': 'decimal',
    'created_at': 'business_date',
    'closed_date': 'business_date',
} %}
{% set rules = {
    'a won or lost deal has no closed date':
        deal_stage_of('stage', 'is_won', 'is_closed') ~ " in ('won', 'lost') and closed_date is null",
} %}
with

source as ({{ landed('salesforce', 'opportunities', fields) }}),

renamed as (
    select
        'salesforce' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        deal_id,
        owner,
        cast(null as string) as account,
        account_id,
        cast(null as string) as product,
        market,
        pipeline,
        campaign,
        {{ deal_stage_of('stage', 'is_won', 'is_closed') }} as stage,
        {{ as_decimal('amount') }} as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        origin,
        {{ business_date('created_at') }} as created_date,
        {{ business_date('closed_date') }} as closed_date,
        {{ quarantine_reason(casts, required=['deal_id', 'stage'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
