-- One row is the target of one KPI of one unit in one period of one grain that has figures.
with

paths as (select * from {{ ref('int_target_paths') }}),

agreed as (select * from {{ ref('int_target_periods') }}),

parts as (select * from {{ ref('int_target_parts') }}),

periods as (
    select
        kpi_values.kpi,
        kpi_values.org_unit_id,
        kpi_values.grain,
        kpi_values.period_start,
        kpi_values.period_end,
        {{ grain_rank('kpi_values.grain') }} as grain_rank
    from {{ ref('fct_kpi_values') }} as kpi_values
    where (kpi_values.kpi, kpi_values.org_unit_id) in (
        select
            kpi,
            org_unit_id
        from paths
    )
),

-- Agreed for exactly this grain: nothing that is derived goes before it.
exact as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        target,
        margin_lower * case when tolerance_type = 'absolute' then 1 else abs(target) end as below,
        margin_upper * case when tolerance_type = 'absolute' then 1 else abs(target) end as above,
        tolerance_type,
        case when target is null then 'no_last_year' else 'agreed' end as target_origin,
        agreement_id,
        0 as depth,
        grain as agreed_grain
    from agreed
    where adds_up_over_periods
),

placed as (
    {% for grain in grains() %}
    select
        *,
        '{{ grain }}' as grain,
        {{ period_start(grain, 'date_day') }} as period_start,
        {{ period_end(grain, period_start(grain, 'date_day')) }} as period_end
    from parts
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        period_end,
        sum(target) as target,
        sum(below) as below,
        sum(above) as above,
        count(distinct date_day) as days,
        max(case when target is null then 1 else 0 end) as unknown_days,
        max(depth) as depth,
        min(agreed_from) as agreed_from,
        max(agreed_to) as agreed_to,
        max(date_day) as last_day
    from placed
    group by kpi, org_unit_id, grain, period_start, period_end
),

last_parts as (
    select
        kpi,
        org_unit_id,
        date_day,
        max(agreement_id) as agreement_id,
        max(tolerance_type) as tolerance_type,
        max(agreed_grain) as agreed_grain
    from parts
    group by kpi, org_unit_id, date_day
),

-- Only of periods of which every day has its part.
derived as (
    select
        summed.kpi,
        summed.org_unit_id,
        summed.grain,
        summed.period_start,
        case when summed.unknown_days = 0 then cast(summed.target as double) end as target,
        case when summed.unknown_days = 0 then cast(summed.below as double) end as below,
        case when summed.unknown_days = 0 then cast(summed.above as double) end as above,
        last_parts.tolerance_type,
        case
            when summed.unknown_days > 0 then 'no_last_year'
            when summed.depth > 0 then 'translated'
            when summed.agreed_from >= summed.period_start and summed.agreed_to <= summed.period_end then 'added_up'
            else 'spread'
        end as target_origin,
        last_parts.agreement_id,
        summed.depth,
        last_parts.agreed_grain
    from summed
    inner join last_parts
        on
            summed.kpi = last_parts.kpi
            and summed.org_unit_id = last_parts.org_unit_id
            and summed.last_day = last_parts.date_day
    where summed.days = {{ dbt.datediff('summed.period_start', 'summed.period_end', 'day') }} + 1
),

-- What does not add up over periods holds in shorter ones as it is. Units below take their stretch
-- of a balance, and the whole of a ratio, until one of them agreed otherwise.
handed_down as (
    select
        periods.kpi,
        periods.org_unit_id,
        periods.grain,
        periods.period_start,
        case
            when paths.depth > 0 and agreed.adds_up_over_units
                then cast(
                    cast({{ target_part(
                        'agreed.target_units', '0', '1', 'paths.share_lower', 'paths.share_upper'
                    ) }} as decimal(20, 0)) * agreed.account_unit as double
                )
            else agreed.target
        end as target,
        case when agreed.adds_up_over_units then paths.share_upper - paths.share_lower else 1 end as part,
        agreed.adds_up_over_units,
        agreed.margin_lower,
        agreed.margin_upper,
        agreed.tolerance_type,
        case
            when agreed.target is null then 'no_last_year'
            when paths.depth > 0 then 'translated'
            when agreed.grain = periods.grain then 'agreed'
            else 'spread'
        end as target_origin,
        agreed.agreement_id,
        paths.depth,
        agreed.grain as agreed_grain,
        paths.root_id
    from periods
    inner join paths
        on
            periods.kpi = paths.kpi
            and periods.org_unit_id = paths.org_unit_id
            and periods.period_end between paths.first_day and paths.last_day
            and not paths.adds_up_over_periods
    inner join agreed
        on
            paths.kpi = agreed.kpi
            and paths.root_id = agreed.org_unit_id
            and periods.period_end between agreed.period_start and agreed.period_end
            and periods.grain_rank <= agreed.grain_rank
    qualify
        row_number() over (
            partition by
                periods.kpi,
                periods.org_unit_id,
                periods.grain,
                periods.period_start,
                paths.root_id,
                paths.parent_id,
                paths.share_lower
            order by
                case when agreed.grain = periods.grain then 0 else 1 end asc,
                agreed.valid_from desc,
                agreed.grain_rank asc
        ) = 1
),

ranked as (
    select
        *,
        rank() over (partition by kpi, org_unit_id, grain, period_start order by depth) as nearness,
        row_number() over (
            partition by kpi, org_unit_id, grain, period_start order by depth, root_id
        ) as place
    from handed_down
),

-- Of the nearest units above; of a balance all of them, since each hands down a part.
held as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        case when count(target) = count(*) then sum(target) end as target,
        sum(margin_lower * case when tolerance_type = 'absolute' then part else abs(target) end) as below,
        sum(margin_upper * case when tolerance_type = 'absolute' then part else abs(target) end) as above,
        max(tolerance_type) as tolerance_type,
        case when count(target) < count(*) then 'no_last_year' else max(target_origin) end as target_origin,
        max(agreement_id) as agreement_id,
        max(depth) as depth,
        max(agreed_grain) as agreed_grain
    from ranked
    where place = 1 or (adds_up_over_units and nearness = 1)
    group by kpi, org_unit_id, grain, period_start
),

found as (
    select * from exact
    union all
    select * from derived
    where
        not exists (
            select 1
            from exact
            where
                derived.kpi = exact.kpi
                and derived.org_unit_id = exact.org_unit_id
                and derived.grain = exact.grain
                and derived.period_start = exact.period_start
        )
    union all
    select * from held
)

select
    found.kpi,
    found.org_unit_id,
    found.grain,
    found.period_start,
    periods.period_end,
    found.target,
    found.below,
    found.above,
    found.tolerance_type,
    found.target_origin,
    found.agreement_id,
    found.agreed_grain,
    found.depth
from found
inner join periods
    on
        found.kpi = periods.kpi
        and found.org_unit_id = periods.org_unit_id
        and found.grain = periods.grain
        and found.period_start = periods.period_start
