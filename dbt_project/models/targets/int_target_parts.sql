-- One row is one day's part of the target of a KPI that adds up, of one unit that has figures, by the
-- way it came to it.
with

parts as (
    select
        paths.kpi,
        paths.org_unit_id,
        paths.parent_id,
        paths.depth,
        days.date_day,
        days.agreement_id,
        days.grain as agreed_grain,
        days.period_start as agreed_from,
        days.period_end as agreed_to,
        days.tolerance_type,
        cast(
            cast({{ target_part(
                'days.target_units', 'days.part_before', 'days.part_until', 'paths.share_lower', 'paths.share_upper'
            ) }} as decimal(20, 0)) * days.account_unit as decimal(28, 4)
        ) as target,
        cast(days.margin_lower as decimal(18, 4)) as margin_lower,
        cast(days.margin_upper as decimal(18, 4)) as margin_upper,
        -- In ten-thousandths, whatever the margin.
        cast(
            cast({{ target_part(
                'round(days.margin_lower * 10000)', 'days.part_before', 'days.part_until', 'paths.share_lower',
                'paths.share_upper'
            ) }} as decimal(20, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(28, 8)
        ) as part_of_lower,
        cast(
            cast({{ target_part(
                'round(days.margin_upper * 10000)', 'days.part_before', 'days.part_until', 'paths.share_lower',
                'paths.share_upper'
            ) }} as decimal(20, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(28, 8)
        ) as part_of_upper
    from {{ ref('int_target_paths') }} as paths
    inner join {{ ref('int_kpi_series') }} as series
        on paths.kpi = series.kpi and paths.org_unit_id = series.org_unit_id
    inner join {{ ref('int_target_days') }} as days
        on
            paths.kpi = days.kpi
            and paths.root_id = days.org_unit_id
            and days.date_day between paths.first_day and paths.last_day
    where paths.adds_up_over_periods
)

-- A margin in percent follows the target; one in figures is spread as the target is.
select
    kpi,
    org_unit_id,
    parent_id,
    depth,
    date_day,
    agreement_id,
    agreed_grain,
    agreed_from,
    agreed_to,
    tolerance_type,
    target,
    case
        when tolerance_type = 'absolute' then part_of_lower
        else cast(margin_lower * cast(abs(target) as decimal(18, 4)) as decimal(28, 8))
    end as below,
    case
        when tolerance_type = 'absolute' then part_of_upper
        else cast(margin_upper * cast(abs(target) as decimal(18, 4)) as decimal(28, 8))
    end as above
from parts
