{{ config(materialized='table') }}
{{ staged('organisation', 'kpi_targets', [
    ['kpi', 'text'],
    ['org_unit_id', 'text'],
    ['grain', 'text'],
    ['target', 'decimal(18, 4)'],
    ['tolerance_lower', 'decimal(18, 4)'],
    ['tolerance_upper', 'decimal(18, 4)'],
    ['tolerance_type', 'text'],
    ['valid_from', 'business_date'],
    ['valid_to', 'business_date']
], full=true) }}
