{{ config(meta={'dagster': {'ref': {'name': 'int_measure_periods'}}}) }}
-- Every measured day reaches the organisation: the facts hold all that the measures hold.
with

measured as (
    select
        measure,
        sum(measure_value) as measure_value
    from {{ ref('int_measure_days') }}
    where aggregation = 'sum'
    group by measure
),

organisation as (
    select
        periods.measure,
        sum(periods.measure_value) as measure_value
    from {{ ref('int_measure_periods') }} as periods
    inner join {{ ref('dim_org_unit') }} as units
        on periods.org_unit_id = units.org_unit_id and units.layer = 'organisation'
    where periods.grain = 'year'
    group by periods.measure
)

select
    measured.measure,
    measured.measure_value,
    organisation.measure_value as organisation_value
from measured
left join organisation on measured.measure = organisation.measure
where measured.measure_value <> coalesce(organisation.measure_value, 0)
