{{ config(materialized='table') }}
{{ staged('organisation', 'project_rules', [
    ['source_name', 'text', 'source'],
    ['rule_value', 'text'],
    ['project_id', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
