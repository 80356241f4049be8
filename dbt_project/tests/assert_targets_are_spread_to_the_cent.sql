{{ config(meta={'dagster': {'ref': {'name': 'int_target_parts'}}}) }}
-- A year target whose days do not add up to it makes every month's target wrong, and nobody sees it.
-- Of the agreements that hold on every day of their period, by the unit that agreed on them.
with

spread as (
    select
        kpi,
        org_unit_id,
        agreed_grain as grain,
        agreed_from as period_start,
        agreed_to as period_end,
        sum(target) as target,
        count(*) as days
    from {{ ref('int_target_parts') }}
    where depth = 0
    group by 1, 2, 3, 4, 5
)

select
    spread.*,
    agreed.target as agreed_target
from spread
inner join {{ ref('int_target_periods') }} as agreed
    on
        spread.kpi = agreed.kpi
        and spread.org_unit_id = agreed.org_unit_id
        and spread.grain = agreed.grain
        and spread.period_start = agreed.period_start
where
    spread.days = {{ dbt.datediff('spread.period_start', 'spread.period_end', 'day') }} + 1
    and spread.target is distinct from cast(agreed.target as decimal(28, 4))
