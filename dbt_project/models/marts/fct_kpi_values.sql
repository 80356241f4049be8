{{ config(materialized='view') }}

select
    kpi,
    org_unit_id,
    grain,
    period_start,
    period_end,
    numerator,
    denominator,
    kpi_value,
    sample_size,
    is_closed,
    is_complete,
    data_as_of,
    definition_version
from {{ ref('int_kpi_values') }}
where part_of is null
