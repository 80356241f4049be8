-- One row is one day's part of the revenue that one unit agreed on, less what units below it agreed
-- on themselves: so that any unit with a target adds up to it, and nothing counts twice.
with

first_day as (
    select min(closed_date) as date_day from {{ ref('int_deals') }}
),

last_day as (
    select max(covers_until) as date_day from {{ ref('fct_source_freshness') }}
),

targets as (
    select
        org_unit_id,
        grain,
        cast(target as decimal(18, 4)) as target,
        coalesce(profile, '') as profile,
        valid_from,
        valid_to
    from {{ ref('kpi_targets') }}
    where
        kpi = 'revenue'
        -- Growth is no amount: what it comes to is known only once revenue is.
        and target_type = 'absolute'
        and org_unit_id in (
            select org_unit_id from {{ ref('int_org_chains') }}
            where layer <> 'project'
        )
),

periods as (
    {% for grain in ['month', 'quarter', 'year', 'week', 'day'] %}
    select
        '{{ grain }}' as grain,
        {{ loop.index }} as preference,
        date_day,
        {{ period_start(grain, 'date_day') }} as period_start,
        {{ period_end(grain, period_start(grain, 'date_day')) }} as period_end
    from {{ ref('dim_date') }}
    where
        {{ period_end(grain, period_start(grain, 'date_day')) }} >= (select date_day from first_day)
        and {{ period_start(grain, 'date_day') }} <= (select date_day from last_day)
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- As a period is judged: by the target on its last day, the later agreement of two.
agreed as (
    select
        targets.org_unit_id,
        periods.date_day,
        targets.target,
        targets.profile,
        periods.period_start,
        periods.period_end
    from targets
    inner join periods
        on
            targets.grain = periods.grain
            and periods.period_end between targets.valid_from and targets.valid_to
    qualify
        row_number() over (
            partition by targets.org_unit_id, periods.date_day
            order by periods.preference asc, targets.valid_from desc, targets.target desc
        ) = 1
),

-- Spread by its profile, evenly over the days where it has none: the parts add up to the target.
weighed as (
    select
        agreed.*,
        days.weight_before - first_day.weight_before as before_day,
        days.weight_until - first_day.weight_before as until_day,
        last_day.weight_until - first_day.weight_before as whole
    from agreed
    inner join {{ ref('int_profile_days') }} as days
        on agreed.date_day = days.date_day and days.profile in (agreed.profile, '')
    inner join {{ ref('int_profile_days') }} as first_day
        on agreed.period_start = first_day.date_day and days.profile = first_day.profile
    inner join {{ ref('int_profile_days') }} as last_day
        on agreed.period_end = last_day.date_day and days.profile = last_day.profile
    where last_day.weight_until > first_day.weight_before
    qualify
        row_number() over (
            partition by agreed.org_unit_id, agreed.date_day order by days.profile desc
        ) = 1
),

parts as (
    select
        org_unit_id,
        date_day,
        cast(
            round(target * until_day / whole, 4) - round(target * before_day / whole, 4) as decimal(18, 4)
        ) as target
    from weighed
),

lines as (
    select distinct
        parts.org_unit_id,
        parts.date_day,
        above.org_unit_id as ancestor_id,
        {{ path_distance('chains.path', 'above.org_unit_id') }} as distance
    from parts
    inner join {{ ref('int_org_chains') }} as chains
        on
            parts.org_unit_id = chains.org_unit_id
            and parts.date_day between chains.valid_from and chains.valid_to
    inner join parts as above
        on
            parts.date_day = above.date_day
            and parts.org_unit_id <> above.org_unit_id
            and {{ path_contains('chains.path', 'above.org_unit_id') }}
),

nearest as (
    select
        org_unit_id,
        date_day,
        ancestor_id
    from lines
    qualify row_number() over (partition by org_unit_id, date_day order by distance, ancestor_id) = 1
),

below as (
    select
        nearest.ancestor_id as org_unit_id,
        nearest.date_day,
        sum(parts.target) as target
    from nearest
    inner join parts on nearest.org_unit_id = parts.org_unit_id and nearest.date_day = parts.date_day
    group by nearest.ancestor_id, nearest.date_day
),

own as (
    select
        'organisation' as source,
        parts.org_unit_id as unit,
        cast(null as string) as project,
        parts.date_day,
        parts.target - coalesce(below.target, 0) as target
    from parts
    left join below on parts.org_unit_id = below.org_unit_id and parts.date_day = below.date_day
),

attributed as (
    {{ attributed('own', source_user='unit', date='date_day', project='project') }}
)

select
    unit || '/' || date_day as target_key,
    date_day as measure_date,
    {{ org_columns() }},
    target * share as revenue_target_amount
from attributed
