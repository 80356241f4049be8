-- One row is one target that the units below it do not add up to, in a period at the cadence of the
-- KPI: since one of them agreed on a target of its own, or has no figures to hold a share against.
with

kpis as (
    select
        kpi,
        cadence,
        adds_up_over_periods
    from {{ ref('dim_kpi') }}
    where adds_up_over_units
),

targets as (
    select
        targets.*,
        kpis.adds_up_over_periods
    from {{ ref('int_kpi_targets') }} as targets
    inner join kpis on targets.kpi = kpis.kpi and targets.grain = kpis.cadence
),

-- Who takes part in the period; in a balance, at its end.
children as (
    select distinct
        targets.kpi,
        targets.org_unit_id,
        targets.grain,
        targets.period_start,
        targets.period_end,
        targets.target,
        targets.adds_up_over_periods,
        shares.child_id
    from targets
    inner join {{ ref('int_target_shares') }} as shares
        on
            targets.kpi = shares.kpi
            and targets.org_unit_id = shares.parent_id
            and targets.period_end >= shares.first_day
            and case when targets.adds_up_over_periods then targets.period_start else targets.period_end end
            <= shares.last_day
    where targets.target is not null
),

-- Of somebody who takes part in two units, what came by way of this one; with what was agreed for
-- some of the days (parent_id is null).
handed_down as (
    select
        parts.kpi,
        parts.parent_id,
        parts.org_unit_id,
        {% for grain in grains() %}
        {{ period_start(grain, 'parts.date_day') }} as {{ grain }}_start,
        {% endfor %}
        parts.target
    from {{ ref('int_target_parts') }} as parts
),

by_way as (
    {% for grain in grains() %}
    select
        children.kpi,
        children.org_unit_id as parent_id,
        children.child_id as org_unit_id,
        children.period_start,
        sum(handed_down.target) as target
    from children
    inner join handed_down
        on
            children.kpi = handed_down.kpi
            and children.child_id = handed_down.org_unit_id
            and children.period_start = handed_down.{{ grain }}_start
            and coalesce(handed_down.parent_id, children.org_unit_id) = children.org_unit_id
    where children.grain = '{{ grain }}'
    group by 1, 2, 3, 4
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        children.kpi,
        children.org_unit_id,
        children.grain,
        children.period_start,
        children.target,
        cast(
            coalesce(
                sum(
                    case
                        when own.target_origin = 'agreed' or not children.adds_up_over_periods
                            then cast(own.target as decimal(28, 4))
                        when own.kpi is not null then by_way.target
                    end
                ),
                0
            ) as decimal(28, 4)
        ) as children_target,
        count(*) as children_count,
        sum(case when own.target_origin in ('agreed', 'spread', 'added_up') then 1 else 0 end) as children_with_own,
        sum(case when own.target is null then 1 else 0 end) as children_without
    from children
    left join targets as own
        on
            children.kpi = own.kpi
            and children.child_id = own.org_unit_id
            and children.period_start = own.period_start
    left join by_way
        on
            children.kpi = by_way.kpi
            and children.org_unit_id = by_way.parent_id
            and children.child_id = by_way.org_unit_id
            and children.period_start = by_way.period_start
    group by 1, 2, 3, 4, 5
)

select
    kpi,
    org_unit_id,
    grain,
    period_start,
    target,
    children_target,
    cast(cast(target as decimal(28, 4)) - children_target as decimal(28, 4)) as gap,
    children_count,
    cast(children_with_own as bigint) as children_with_own,
    cast(children_without as bigint) as children_without
from compared
where cast(target as decimal(28, 4)) <> children_target
