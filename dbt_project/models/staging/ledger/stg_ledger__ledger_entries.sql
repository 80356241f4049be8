-- One row is one landed version of one record of ledger.entries, typed.
{% set fields = [
    'entry_id', 'entry_date', 'account_code', 'account_type', 'cost_centre', 'project_code',
    'amount', 'currency'
] %}
{% set casts = {
    'entry_date': 'business_date',
    'amount': 'decimal',
} %}
{% set rules = {
    'account_type: is no revenue, cost, subsidy or bank':
        'account_type is not null and (' ~ ledger_account_type('account_type') ~ ') is null',
} %}
with

source as ({{ landed('ledger', 'entries', fields) }}),

renamed as (
    select
        'ledger' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        entry_id,
        {{ business_date('entry_date') }} as entry_date,
        account_code,
        {{ ledger_account_type('account_type') }} as account_type,
        cost_centre,
        project_code,
        {{ as_decimal('amount') }} as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        {{ quarantine_reason(
            casts, required=['entry_id', 'entry_date', 'account_type', 'amount'], rules=rules
        ) }} as quarantine_reason
    from source
)

select * from renamed
