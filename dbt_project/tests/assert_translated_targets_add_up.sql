{{ config(meta={'dagster': {'ref': {'name': 'int_target_parts'}}}) }}
-- Teams that all meet their targets while the department misses its own were given wrong ones.
-- Day by day, so in every period; of units of whose children none has targets of its own and all
-- have figures.
with

parts as (select * from {{ ref('int_target_parts') }}),

parents as (
    select
        kpi,
        org_unit_id,
        date_day,
        sum(target) as target
    from parts
    group by kpi, org_unit_id, date_day
),

children as (
    select
        kpi,
        parent_id,
        date_day,
        sum(target) as target,
        count(distinct org_unit_id) as children_count
    from parts
    where depth > 0
    group by kpi, parent_id, date_day
),

shared as (
    select
        parents.kpi,
        parents.org_unit_id,
        parents.date_day,
        parents.target,
        count(*) as children_count,
        max(case when shares.has_own then 1 else 0 end) as own_count
    from parents
    inner join {{ ref('int_target_shares') }} as shares
        on
            parents.kpi = shares.kpi
            and parents.org_unit_id = shares.parent_id
            and parents.date_day between shares.first_day and shares.last_day
    group by parents.kpi, parents.org_unit_id, parents.date_day, parents.target
)

select
    shared.kpi,
    shared.org_unit_id,
    shared.date_day,
    shared.target,
    children.target as children_target
from shared
inner join children
    on
        shared.kpi = children.kpi
        and shared.org_unit_id = children.parent_id
        and shared.date_day = children.date_day
        and shared.children_count = children.children_count
where shared.own_count = 0 and shared.target is distinct from children.target
