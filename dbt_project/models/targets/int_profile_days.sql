-- One row is one day of the calendar in one profile: what weighs before it, and up to its end, since
-- the calendar's first day. The profile without a name weighs every day the same.
with

calendar as (select * from {{ ref('dim_date') }}),

profiles as (select distinct profile from {{ ref('target_profiles') }}),

months as (
    select
        month_start,
        month_number,
        count(*) as days
    from calendar
    group by month_start, month_number
),

-- A month that the profile leaves out weighs nothing.
weighed as (
    select
        profiles.profile,
        months.month_start,
        months.days,
        coalesce(given.weight, 0) as weight,
        sum(coalesce(given.weight, 0)) over (
            partition by profiles.profile order by months.month_start
        ) as weight_so_far
    from profiles
    cross join months
    left join {{ ref('target_profiles') }} as given
        on profiles.profile = given.profile and months.month_number = given.month_number
),

days as (
    select
        weighed.profile,
        calendar.date_day,
        cast(weighed.weight_so_far - weighed.weight as double)
        + cast(weighed.weight as double) * (calendar.day_of_month - 1) / weighed.days as weight_before
    from weighed
    inner join calendar on weighed.month_start = calendar.month_start
    union all
    select
        '' as profile,
        date_day,
        cast({{ dbt.datediff("cast('2000-01-01' as date)", 'date_day', 'day') }} as double) as weight_before
    from calendar
)

-- Until the end of a day is before the next one, to the last bit.
select
    profile,
    date_day,
    weight_before,
    lead(weight_before) over (partition by profile order by date_day) as weight_until
from days
