{{ config(materialized='table') }}
{{ staged('organisation', 'org_chart', [
    ['person', 'text'],
    ['team', 'text'],
    ['department', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
