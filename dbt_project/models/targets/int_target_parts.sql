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
        days.margin_lower,
        days.margin_upper,
        cast(
            cast({{ target_part(
                'days.target_units', 'days.part_before', 'days.part_until', 'paths.share_lower', 'paths.share_upper'
            ) }} as decimal(20, 0)) * days.account_unit as decimal(28, 4)
        ) as target,
        (days.part_until - days.part_before) * (paths.share_upper - paths.share_lower) as part
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
    {% for side, margin in [('below', 'margin_lower'), ('above', 'margin_upper')] %}
    cast(
        round(
            {{ margin }} * case when tolerance_type = 'absolute' then part else abs(cast(target as double)) end, 8
        ) as decimal(28, 8)
    ) as {{ side }}{{ ',' if not loop.last }}
    {% endfor %}
from parts
