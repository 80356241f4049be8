{{ config(materialized='table') }}
{{ staged('organisation', 'known_events', [
    ['event', 'text'],
    ['kind', 'text'],
    ['org_unit_id', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
