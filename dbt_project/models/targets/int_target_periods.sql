-- One row is one agreement in one period of its grain, where it is the one that holds: it does on the
-- last day of the period, and where two do, the later agreement.
with

series as (select * from {{ ref('int_kpi_series') }}),

kpi_values as (select * from {{ ref('fct_kpi_values') }}),

kpis as (select * from {{ ref('dim_kpi') }}),

-- A week more on both sides, since weeks do not end where years do.
span as (
    select
        cast(min(first_date) - 7 as date) as first_day,
        cast(max(data_as_of) + 7 as date) as last_day
    from series
),

periods as (
    {% for grain in grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'calendar.date_day') }} as period_start,
        {{ period_end(grain, period_start(grain, 'calendar.date_day')) }} as period_end
    from {{ ref('dim_date') }} as calendar
    inner join span
        on
            calendar.date_day between {{ period_start('year', 'span.first_day') }}
            and {{ period_end('year', period_start('year', 'span.last_day')) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

agreed as (
    select
        targets.agreement_id,
        targets.kpi,
        targets.org_unit_id,
        targets.grain,
        targets.target_type,
        cast(targets.target as double) as agreed,
        coalesce(targets.profile, '') as profile,
        targets.valid_from,
        kpis.unit,
        kpis.adds_up_over_periods,
        kpis.adds_up_over_units,
        case
            when coalesce(targets.tolerance_type, kpis.tolerance_type) = 'absolute' then 'absolute' else 'percent'
        end as tolerance_type,
        -- Only the side that hurts has an edge, unless the row says both have.
        case
            when kpis.direction in ('higher', 'within') or targets.sides = 'two'
                then cast(coalesce(targets.tolerance_lower, kpis.tolerance_lower, 0) as double)
        end as margin_lower,
        case
            when kpis.direction in ('lower', 'within') or targets.sides = 'two'
                then cast(coalesce(targets.tolerance_upper, kpis.tolerance_upper, 0) as double)
        end as margin_upper,
        periods.period_start,
        periods.period_end
    from {{ ref('kpi_targets') }} as targets
    inner join kpis on targets.kpi = kpis.kpi
    inner join periods
        on
            targets.grain = periods.grain
            and periods.period_end between targets.valid_from and targets.valid_to
    where targets.org_unit_id in (select org_unit_id from {{ ref('dim_org_unit') }})
    qualify
        row_number() over (
            partition by targets.kpi, targets.org_unit_id, targets.grain, periods.period_start
            order by targets.valid_from desc, targets.target desc, targets.agreement_id asc
        ) = 1
),

-- Growth is on the same period of last year, where all of it is known.
grown as (
    select
        agreed.*,
        case
            when agreed.target_type = 'absolute' then agreed.agreed
            when last_year.is_complete then last_year.kpi_value * (1 + agreed.agreed)
        end as target
    from agreed
    left join kpi_values as last_year
        on
            agreed.target_type = 'growth'
            and agreed.kpi = last_year.kpi
            and agreed.org_unit_id = last_year.org_unit_id
            and agreed.grain = last_year.grain
            and {{ last_year('agreed.grain', 'agreed.period_start') }} = last_year.period_start
),

-- Money is spread in whole cents, unless somebody agreed on less; anything else has no cents.
counted as (
    select
        *,
        cast(
            case
                when unit = 'currency' and (target_type = 'growth' or abs(target - round(target, 2)) < 1e-6) then 0.01
                else 0.0001
            end as decimal(5, 4)
        ) as account_unit
    from grown
)

select
    agreement_id,
    kpi,
    org_unit_id,
    grain,
    {{ grain_rank('grain') }} as grain_rank,
    period_start,
    period_end,
    valid_from,
    profile,
    adds_up_over_periods,
    adds_up_over_units,
    tolerance_type,
    -- A margin below 0 is none; of one that is 100,000 times the target, the rest is no matter.
    {% for margin in ['margin_lower', 'margin_upper'] %}
    case
        when {{ margin }} < 0 then 0
        when tolerance_type = 'percent' and {{ margin }} > 100000 then 100000
        else {{ margin }}
    end as {{ margin }},
    {% endfor %}
    account_unit,
    -- More than a decimal(18, 4) holds is no target that anybody agreed on.
    case
        when adds_up_over_units and abs(target) < 1e14 then cast(round(target / account_unit) as bigint)
    end as target_units,
    case
        when not adds_up_over_units then target
        when abs(target) < 1e14 then cast(cast(round(target / account_unit) as decimal(20, 0)) * account_unit as double)
    end as target
from counted
