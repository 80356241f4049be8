{{ config(materialized='table') }}
{{ staged('organisation', 'exchange_rates', [
    ['currency', 'text'],
    ['rate', 'decimal(18, 8)'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
