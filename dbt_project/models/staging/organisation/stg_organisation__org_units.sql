{{ config(materialized='table') }}
{{ staged('organisation', 'org_units', [
    ['org_unit_id', 'text'],
    ['layer', 'text'],
    ['parent_id', 'text'],
    ['name', 'text'],
    ['owner', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
