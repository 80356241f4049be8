{{ config(materialized='table') }}
{{ staged('organisation', 'source_users', [
    ['source_name', 'text', 'source'],
    ['source_user', 'text'],
    ['person_id', 'text'],
    ['org_unit_id', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
