-- One row is one product on one deal, in its latest good version.
{{ conformed('deal_lines', [
    'deal_line_id',
    'deal_id',
    'product_id',
    'product',
    'quantity',
    'amount',
    'unit_cost',
    'currency'
]) }}
