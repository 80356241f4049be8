{{ config(materialized='table') }}
{{ staged('organisation', 'people', [
    ['person_id', 'text'],
    ['name', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
