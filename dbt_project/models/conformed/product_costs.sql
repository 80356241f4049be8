-- One row is what one product costs now, in one currency, in its latest good version.
{{ conformed('product_costs', [
    'product_id',
    'currency',
    'unit_cost'
]) }}
