-- One row is one day of one unit with an agreement that adds up over time: which agreement it is of,
-- and what part of that agreement's period is over before the day and at its end.
with

agreed as (
    select * from {{ ref('int_target_periods') }}
    where adds_up_over_periods
),

weights as (select * from {{ ref('int_profile_days') }}),

-- A profile that is not known, or weighs nothing in the whole period, is no profile.
profiled as (
    select
        agreed.*,
        case when last_day.weight_until > first_day.weight_before then agreed.profile else '' end as used_profile
    from agreed
    left join weights as first_day
        on agreed.profile = first_day.profile and agreed.period_start = first_day.date_day
    left join weights as last_day
        on agreed.profile = last_day.profile and agreed.period_end = last_day.date_day
),

spread as (
    select
        profiled.*,
        weights.date_day,
        weights.weight_before - min(weights.weight_before) over whole as before_day,
        weights.weight_until - min(weights.weight_before) over whole as until_day,
        max(weights.weight_until) over whole - min(weights.weight_before) over whole as whole_weight
    from profiled
    inner join weights
        on
            profiled.used_profile = weights.profile
            and weights.date_day between profiled.period_start and profiled.period_end
    window whole as (partition by profiled.kpi, profiled.org_unit_id, profiled.grain, profiled.period_start)
)

-- Of two agreements over one day the later; of two of one day, the one over the shorter period.
select
    kpi,
    org_unit_id,
    date_day,
    agreement_id,
    grain,
    period_start,
    period_end,
    tolerance_type,
    margin_lower,
    margin_upper,
    account_unit,
    target_units,
    before_day / whole_weight as part_before,
    until_day / whole_weight as part_until
from spread
qualify
    row_number() over (
        partition by kpi, org_unit_id, date_day order by valid_from desc, grain_rank asc, period_start asc
    ) = 1
