-- One row is one landed version of one record of exact.transaction_lines, typed.
{% set fields = [
    'line_id', 'entry_date', 'account_code', 'account_type', 'cost_centre', 'project_code', 'amount'
] %}
{% set casts = {
    'entry_date': 'business_date',
    'amount': 'decimal',
} %}
{% set rules = {
    'account_type: the account is no revenue, cost, subsidy or bank account by the settings':
        'account_type is not null and (' ~ account_kind('account_type') ~ ') is null',
} %}
with

landed_lines as ({{ landed('exact', 'transaction_lines', fields) }}),

-- A line may move to another account: what it was before must go.
source as (
    select
        record_id,
        updated_at,
        load_id,
        {{ fields | join(', ') }},
        is_deleted or coalesce(account_type in ('header', 'balance'), false) as is_deleted
    from landed_lines
),

renamed as (
    select
        'exact' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        line_id as entry_id,
        {{ business_date('entry_date') }} as entry_date,
        account_code,
        {{ account_kind('account_type') }} as account_type,
        cost_centre,
        project_code,
        case
            when account_type in ('revenue', 'subsidy') then -{{ as_decimal('amount') }}
            else {{ as_decimal('amount') }}
        end as amount,
        {{ base_currency() }} as currency,
        {{ quarantine_reason(
            casts, required=['line_id', 'entry_date', 'account_type', 'amount'], rules=rules
        ) }} as quarantine_reason
    from source
)

select * from renamed
