-- One row is one way in which a unit comes to a target, on some days: agreed by the unit itself, or
-- by one above it (root_id) and handed down. What the unit takes part for is a stretch of the root's
-- target, 0 to 1.
with recursive paths as (
    select
        kpi,
        adds_up_over_periods,
        org_unit_id as root_id,
        org_unit_id,
        cast(null as string) as parent_id,
        0 as depth,
        cast(0 as double) as share_lower,
        cast(1 as double) as share_upper,
        first_day,
        last_day
    from {{ ref('int_target_stretches') }}
    union all
    select
        paths.kpi,
        paths.adds_up_over_periods,
        paths.root_id,
        shares.child_id as org_unit_id,
        shares.parent_id,
        paths.depth + 1 as depth,
        paths.share_lower + (paths.share_upper - paths.share_lower) * shares.share_lower as share_lower,
        case
            when shares.share_upper = 1 then paths.share_upper
            else paths.share_lower + (paths.share_upper - paths.share_lower) * shares.share_upper
        end as share_upper,
        greatest(paths.first_day, shares.first_day) as first_day,
        least(paths.last_day, shares.last_day) as last_day
    from paths
    inner join {{ ref('int_target_shares') }} as shares
        on
            paths.kpi = shares.kpi
            and paths.org_unit_id = shares.parent_id
            and paths.first_day <= shares.last_day
            and paths.last_day >= shares.first_day
            and not shares.has_own
    -- Units that hang under each other by turns would never come to an end.
    where paths.depth < 20
)

select * from paths
