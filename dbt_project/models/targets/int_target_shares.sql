-- One row is one unit's stretch of the target of a KPI of the unit above it, 0 to 1, on some days.
-- Stretches of one unit lie side by side from 0 to 1. On its days, a unit has agreed targets of its
-- own on all days or on none (has_own).
with

stretches as (select * from {{ ref('int_target_stretches') }}),

kpis as (select distinct kpi from stretches),

given as (
    select
        kpis.kpi,
        shares.parent_id,
        shares.child_id,
        shares.weight,
        case when shares.kpi = '*' then 0 else 1 end as is_named,
        shares.valid_from,
        shares.valid_to
    from {{ ref('target_shares') }} as shares
    inner join kpis on shares.kpi in ('*', kpis.kpi)
),

own as (
    select distinct
        given.kpi,
        given.parent_id,
        stretches.org_unit_id,
        stretches.first_day,
        stretches.last_day
    from given
    inner join stretches on given.kpi = stretches.kpi and given.child_id = stretches.org_unit_id
    where stretches.adds_up_over_periods
),

cuts as (
    select
        kpi,
        parent_id,
        valid_from as cut_date
    from given
    union
    select
        kpi,
        parent_id,
        cast(valid_to + 1 as date)
    from given
    where valid_to < cast('9999-12-31' as date)
    union
    select
        kpi,
        parent_id,
        first_day
    from own
    union
    select
        kpi,
        parent_id,
        cast(last_day + 1 as date)
    from own
),

pieces as (
    select
        kpi,
        parent_id,
        cut_date as first_day,
        cast(
            coalesce(
                lead(cut_date) over (partition by kpi, parent_id order by cut_date) - 1,
                cast('9999-12-31' as date)
            ) as date
        ) as last_day
    from cuts
),

-- Shares that name the KPI go before those for every KPI.
held as (
    select
        given.kpi,
        given.parent_id,
        given.child_id,
        given.weight,
        pieces.first_day,
        pieces.last_day
    from given
    inner join pieces
        on
            given.kpi = pieces.kpi
            and given.parent_id = pieces.parent_id
            and pieces.first_day between given.valid_from and given.valid_to
    qualify
        given.is_named
        = max(given.is_named) over (partition by given.kpi, given.parent_id, pieces.first_day)
),

weighed as (
    select
        *,
        sum(weight) over (
            partition by kpi, parent_id, first_day order by child_id
            rows between unbounded preceding and current row
        ) as weight_so_far,
        sum(weight) over (partition by kpi, parent_id, first_day) as whole_weight
    from held
)

select
    weighed.kpi,
    weighed.parent_id,
    weighed.child_id,
    weighed.first_day,
    weighed.last_day,
    cast(weighed.weight_so_far - weighed.weight as double) / cast(weighed.whole_weight as double) as share_lower,
    cast(weighed.weight_so_far as double) / cast(weighed.whole_weight as double) as share_upper,
    own.org_unit_id is not null as has_own
from weighed
left join own
    on
        weighed.kpi = own.kpi
        and weighed.parent_id = own.parent_id
        and weighed.child_id = own.org_unit_id
        and weighed.first_day between own.first_day and own.last_day
