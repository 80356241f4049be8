-- One row is one landed version of one record of ledger.entries, typed.
{% set fields = [
    'entry_id', 'line_number', 'entry_date', 'account_code', 'account_type', 'cost_centre',
    'project_code', 'amount', 'side', 'debit', 'credit', 'currency'
] %}
{% set casts = {
    'entry_date': 'business_date',
    'amount': 'decimal',
    'debit': 'decimal',
    'credit': 'decimal',
} %}
{% set rules = {
    'account_type: is no revenue, cost, subsidy or bank':
        'account_type is not null and (' ~ ledger_account_type('account_type') ~ ') is null',
    'amount: is empty, and so are debit and credit': 'coalesce(amount, debit, credit) is null',
    'amount: is given, and so are debit and credit':
        'amount is not null and coalesce(debit, credit) is not null',
    'side: is neither debit nor credit': 'side is not null and (' ~ debit_sign('side') ~ ') is null',
} %}
with

source as ({{ landed('ledger', 'entries', fields) }}),

typed as (
    select
        *,
        {{ ledger_account_type('account_type') }} as kind,
        {{ as_decimal('amount') }} as amount_given,
        coalesce(
            {{ as_decimal('amount') }} * ({{ debit_sign('side') }}),
            coalesce({{ as_decimal('debit') }}, 0) - coalesce({{ as_decimal('credit') }}, 0)
        ) as debit_amount
    from source
),

renamed as (
    select
        'ledger' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        concat_ws('/', entry_id, line_number) as entry_id,
        {{ business_date('entry_date') }} as entry_date,
        account_code,
        kind as account_type,
        cost_centre,
        project_code,
        -- Without a side it is written as it counts.
        cast(
            case
                when amount is not null and side is null then amount_given
                when kind in ('revenue', 'subsidy') then -debit_amount
                else debit_amount
            end as decimal(18, 2)
        ) as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        {{ quarantine_reason(
            casts, required=['entry_id', 'entry_date', 'account_type'], rules=rules
        ) }} as quarantine_reason
    from typed
)

select * from renamed
