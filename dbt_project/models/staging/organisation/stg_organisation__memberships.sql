{{ config(materialized='table') }}
{{ staged('organisation', 'memberships', [
    ['person_id', 'text'],
    ['org_unit_id', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
