{{ config(meta={
    'dagster': {'ref': {'name': 'int_measure_periods'}},
    'written': 'build',
    'written_in': 'int_measure_periods',
}) }}
{% set since = since_passed('build') %}
-- A unit whose parts do not add up to it makes every explanation of its KPI wrong.
-- Day by day, since who belongs where is taken as it was on the day. Changes of a balance are left to
-- assert_balances_of_children_add_up: what moves goes out of one parent and into another. What is
-- counted as distinct, a lowest or a highest does not add up.
with

days as (
    select
        measure,
        period_start as measure_date,
        org_unit_id,
        measure_value
    from {{ ref('int_measure_periods') }}
    where
        grain = 'day' and org_unit_id <> '' and aggregation = 'sum'
        and measure not in (
            select measure from {{ ref('int_measure_days') }}
            where attributed_on <> measure_date
        )
        {% if since %}
        and (measure, period_start) in (
            select
                measure,
                period_start
            from {{ ref('int_measure_periods') }}
            where grain = 'day' and {{ since }}
        )
        {% endif %}
),

children as (
    select
        days.measure,
        days.measure_date,
        units.parent_id as org_unit_id,
        -- Of somebody in two teams, the part that is in this one.
        sum(days.measure_value * units.share) as measure_value
    from days
    inner join {{ ref('dim_org_unit_history') }} as units
        on
            days.org_unit_id = units.org_unit_id
            and days.measure_date between units.valid_from and units.valid_to
    where units.layer <> 'project' and units.parent_id is not null
    group by days.measure, days.measure_date, units.parent_id
)

select
    days.measure,
    days.measure_date,
    days.org_unit_id,
    days.measure_value as parent_value,
    children.measure_value as children_value
from days
inner join {{ ref('dim_org_unit') }} as parents on days.org_unit_id = parents.org_unit_id
left join children
    on
        days.measure = children.measure
        and days.measure_date = children.measure_date
        and days.org_unit_id = children.org_unit_id
where
    parents.layer not in ('individual', 'project')
    and days.measure_value <> coalesce(children.measure_value, 0)
