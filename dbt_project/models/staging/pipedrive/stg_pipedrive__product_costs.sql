-- One row is one landed version of one record of pipedrive.products, typed.
{% set fields = [
    'product_id', 'currency', 'cost'
] %}
{% set casts = {
    'cost': 'number',
} %}
with

source as ({{ landed('pipedrive', 'products', fields, full=true) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        product_id,
        upper(trim(currency)) as currency,
        -- A price for which nobody filled in a cost says 0: that is not known, and not free.
        nullif({{ as_number('cost') }}, 0) as unit_cost,
        {{ quarantine_reason(casts, required=['product_id', 'currency']) }} as quarantine_reason
    from source
)

select * from renamed
