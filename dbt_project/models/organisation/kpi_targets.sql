-- One row is what was agreed for one KPI of one unit, per period of a grain.
{% set columns = [
    'kpi', 'org_unit_id', 'grain', 'target', 'tolerance_lower', 'tolerance_upper', 'tolerance_type',
    'sides', 'target_type', 'profile'
] %}
with

current_rows as ({{ current_records('kpi_targets', columns + ['valid_from', 'valid_to']) }})

select
    record_id as agreement_id,
    {{ columns | join(', ') }},
    {{ valid_range() }}
from current_rows
where target_type in ('absolute', 'growth')
