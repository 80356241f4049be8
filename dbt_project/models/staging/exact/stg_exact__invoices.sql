-- One row is one landed version of one record of exact.receivables, typed.
{% set fields = [
    'receivable_id', 'customer', 'invoice_date', 'due_date', 'paid_date', 'amount'
] %}
{% set casts = {
    'invoice_date': 'business_date',
    'due_date': 'business_date',
    'paid_date': 'business_date',
    'amount': 'decimal',
} %}
with

source as ({{ landed('exact', 'receivables', fields) }}),

renamed as (
    select
        'exact' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        receivable_id as invoice_id,
        customer,
        cast(null as string) as cost_centre,
        cast(null as string) as project_code,
        {{ business_date('invoice_date') }} as invoice_date,
        {{ business_date('due_date') }} as due_date,
        {{ business_date('paid_date') }} as paid_date,
        {{ as_decimal('amount') }} as amount,
        {{ base_currency() }} as currency,
        {{ quarantine_reason(
            casts, required=['receivable_id', 'invoice_date', 'due_date', 'amount']
        ) }} as quarantine_reason
    from source
)

select * from renamed
