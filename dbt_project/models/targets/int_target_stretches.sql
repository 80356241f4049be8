-- One row is one stretch of days in which a unit has targets for a KPI that it agreed on itself.
-- Of KPIs that do not add up, from the first to the last period of any agreement.
with

days as (
    select
        kpi,
        org_unit_id,
        date_day,
        cast(
            {{ dbt.datediff("cast('2000-01-01' as date)", 'date_day', 'day') }}
            - row_number() over (partition by kpi, org_unit_id order by date_day) as integer
        ) as stretch
    from {{ ref('int_target_days') }}
)

select
    kpi,
    org_unit_id,
    true as adds_up_over_periods,
    min(date_day) as first_day,
    max(date_day) as last_day
from days
group by kpi, org_unit_id, stretch
union all
select
    kpi,
    org_unit_id,
    false as adds_up_over_periods,
    min(period_start) as first_day,
    max(period_end) as last_day
from {{ ref('int_target_periods') }}
where not adds_up_over_periods
group by kpi, org_unit_id
