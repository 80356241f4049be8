-- One row is one landed version of one record of pipedrive.deal_products, typed.
{% set fields = [
    'line_item_id', 'deal_id', 'product_id', 'product', 'quantity', 'amount', 'currency'
] %}
{% set casts = {
    'quantity': 'number',
    'amount': 'decimal',
} %}
with

source as ({{ landed('pipedrive', 'deal_products', fields) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        line_item_id as deal_line_id,
        deal_id,
        product_id,
        product,
        {{ as_number('quantity') }} as quantity,
        {{ as_decimal('amount') }} as amount,
        cast(null as decimal(18, 4)) as unit_cost,
        upper(trim(currency)) as currency,
        {{ quarantine_reason(casts, required=['line_item_id']) }} as quarantine_reason
    from source
)

select * from renamed
