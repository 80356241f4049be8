-- One row is one landed version of one record of ledger.invoices, typed.
{% set fields = [
    'invoice_id', 'customer', 'cost_centre', 'project_code', 'invoice_date', 'due_date',
    'paid_date', 'amount', 'currency'
] %}
{% set casts = {
    'invoice_date': 'business_date',
    'due_date': 'business_date',
    'paid_date': 'business_date',
    'amount': 'decimal',
} %}
with

source as ({{ landed('ledger', 'invoices', fields) }}),

renamed as (
    select
        'ledger' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        invoice_id,
        customer,
        cost_centre,
        project_code,
        {{ business_date('invoice_date') }} as invoice_date,
        {{ business_date('due_date') }} as due_date,
        {{ business_date('paid_date') }} as paid_date,
        {{ as_decimal('amount') }} as amount,
        coalesce(upper(trim(currency)), {{ base_currency() }}) as currency,
        {{ quarantine_reason(
            casts, required=['invoice_id', 'invoice_date', 'due_date', 'amount']
        ) }} as quarantine_reason
    from source
)

select * from renamed
