{{ config(meta={'dagster': {'ref': {'name': 'int_measure_periods'}}}) }}
-- What no project claims is on the unassigned project; nothing may fall between the two.
with

days as (
    select
        days.measure,
        days.period_start,
        units.layer,
        sum(days.measure_value) as measure_value
    from {{ ref('int_measure_periods') }} as days
    inner join {{ ref('dim_org_unit') }} as units on days.org_unit_id = units.org_unit_id
    where days.grain = 'day' and days.aggregation = 'sum' and units.layer in ('organisation', 'project')
    group by days.measure, days.period_start, units.layer
)

select
    organisation.measure,
    organisation.period_start,
    organisation.measure_value,
    project.measure_value as project_value
from days as organisation
left join days as project
    on
        organisation.measure = project.measure
        and organisation.period_start = project.period_start
        and project.layer = 'project'
where
    organisation.layer = 'organisation'
    and organisation.measure_value <> coalesce(project.measure_value, 0)
