{{ config(materialized='view') }}

select
    facts.kpi,
    facts.part_of as org_unit_id,
    places.child_id,
    facts.grain,
    facts.period_start,
    coalesce(facts.numerator, 0) as numerator,
    coalesce(facts.denominator, 0) as denominator
from {{ ref('int_kpi_values') }} as facts
inner join {{ ref('int_org_parts') }} as places on facts.org_unit_id = places.part_id
where facts.part_of is not null
