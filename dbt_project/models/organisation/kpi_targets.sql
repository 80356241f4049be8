-- One row is what was agreed for one KPI of one unit, per period of a grain.
select
    kpi, org_unit_id, lower(grain) as grain, target, tolerance_lower, tolerance_upper,
    lower(tolerance_type) as tolerance_type, {{ valid_range() }}
from {{ ref('stg_organisation__kpi_targets') }}
where quarantine_reason is null
