-- One row is one landed version of one record of hubspot.line_items, typed.
{% set fields = [
    'line_item_id', 'deal_id', 'product', 'quantity', 'amount', 'unit_cost', 'currency'
] %}
{% set casts = {
    'quantity': 'number',
    'amount': 'decimal',
    'unit_cost': 'number',
} %}
with

source as ({{ landed('hubspot', 'line_items', fields) }}),

renamed as (
    select
        'hubspot' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        line_item_id as deal_line_id,
        deal_id,
        cast(null as string) as product_id,
        product,
        {{ as_number('quantity') }} as quantity,
        {{ as_decimal('amount') }} as amount,
        {{ as_number('unit_cost') }} as unit_cost,
        upper(trim(currency)) as currency,
        {{ quarantine_reason(casts, required=['line_item_id']) }} as quarantine_reason
    from source
)

select * from renamed
