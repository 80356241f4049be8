{{ config(materialized='view') }}
{% set keys = ['kpi', 'org_unit_id', 'grain', 'period_start'] %}

with

comparisons as (
    select * from {{ ref('int_kpi_comparisons') }}
    where parts is not null and comparison = 'target'
),

periods as (
    select distinct
        grain,
        period_start,
        period_end
    from comparisons
),

-- A target is of the whole unit: where it was under one other unit all the period, it says what that
-- part of the other one was to be. Of a unit that moved, or somebody in two teams, it says of neither.
homes as (
    select
        units.org_unit_id as child_id,
        periods.grain,
        periods.period_start,
        min(units.parent_id) as org_unit_id
    from periods
    inner join {{ ref('dim_org_unit_history') }} as units
        on periods.period_start <= units.valid_to and periods.period_end >= units.valid_from
    where units.layer <> 'project' and units.parent_id is not null
    group by units.org_unit_id, periods.grain, periods.period_start
    having count(distinct units.parent_id) = 1
),

child_targets as (
    select
        status.kpi,
        homes.org_unit_id,
        status.grain,
        status.period_start,
        homes.child_id,
        status.target
    from {{ ref('fct_kpi_status') }} as status
    inner join homes
        on
            status.org_unit_id = homes.child_id
            and status.grain = homes.grain
            and status.period_start = homes.period_start
    where status.target is not null
),

parts as (select * from {{ ref('int_kpi_parts') }}),

against_own_target as (
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        comparisons.change_total,
        child_targets.child_id as contributor,
        coalesce(parts.numerator, 0) as numerator,
        child_targets.target,
        cast(coalesce(parts.numerator, 0) as decimal(38, 10)) - {{ exact('child_targets.target') }} as contribution
    from comparisons
    inner join child_targets
        on
            comparisons.kpi = child_targets.kpi
            and comparisons.org_unit_id = child_targets.org_unit_id
            and comparisons.grain = child_targets.grain
            and comparisons.period_start = child_targets.period_start
    left join parts
        on
            child_targets.child_id = parts.child_id
            and child_targets.kpi = parts.kpi
            and child_targets.org_unit_id = parts.org_unit_id
            and child_targets.grain = parts.grain
            and child_targets.period_start = parts.period_start
    where comparisons.parts = 'sum'
),

-- The children without a target of their own, less the part of the unit's target that no child has.
without_target as (
    select
        {{ keys | join(',\n        ') }},
        '(no target)' as contributor,
        max(change_total) - sum(contribution) as contribution
    from against_own_target
    group by {{ keys | join(', ') }}
),

covered as (
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        comparisons.numerator - sum(parts.numerator) as numerator,
        coalesce(comparisons.denominator, 0) - sum(parts.denominator) as denominator
    from comparisons
    inner join parts
        on
            comparisons.kpi = parts.kpi
            and comparisons.org_unit_id = parts.org_unit_id
            and comparisons.grain = parts.grain
            and comparisons.period_start = parts.period_start
    where comparisons.parts = 'ratio'
    group by
        comparisons.{{ keys | join(', comparisons.') }}, comparisons.numerator, comparisons.denominator
),

contributors as (
    select
        {{ keys | join(',\n        ') }},
        child_id as contributor,
        numerator,
        denominator
    from parts
    union all
    select
        {{ keys | join(',\n        ') }},
        '(overlap)' as contributor,
        numerator,
        denominator
    from covered
    where numerator <> 0 or denominator <> 0
),

-- Against the unit's own target where a child has none.
weighted as (
    select
        contributors.{{ keys | join(',\n        contributors.') }},
        contributors.contributor,
        cast(contributors.numerator as double) / cast(comparisons.denominator as double) as part,
        cast(contributors.denominator as double) / cast(comparisons.denominator as double) as weight,
        cast(contributors.numerator as double) / nullif(cast(contributors.denominator as double), 0) as rate,
        comparisons.kpi_value_before as unit_target,
        coalesce(child_targets.target, comparisons.kpi_value_before) as target
    from contributors
    inner join comparisons
        on
            contributors.kpi = comparisons.kpi
            and contributors.org_unit_id = comparisons.org_unit_id
            and contributors.grain = comparisons.grain
            and contributors.period_start = comparisons.period_start
    left join child_targets
        on
            contributors.contributor = child_targets.child_id
            and contributors.kpi = child_targets.kpi
            and contributors.org_unit_id = child_targets.org_unit_id
            and contributors.grain = child_targets.grain
            and contributors.period_start = child_targets.period_start
    where comparisons.parts = 'ratio'
)

select
    {{ keys | join(',\n    ') }},
    'target' as comparison,
    contributor,
    'total' as effect,
    contribution,
    target as value_before,
    cast(numerator as double) as value_now
from against_own_target
union all
select
    {{ keys | join(',\n    ') }},
    'target' as comparison,
    contributor,
    'total' as effect,
    contribution,
    cast(null as double) as value_before,
    cast(null as double) as value_now
from without_target
union all
select
    {{ keys | join(',\n    ') }},
    'target' as comparison,
    contributor,
    'rate' as effect,
    {{ exact('part - weight * target') }} as contribution,
    target as value_before,
    rate as value_now
from weighted
union all
select
    {{ keys | join(',\n    ') }},
    'target' as comparison,
    contributor,
    'mix' as effect,
    {{ exact('weight * (target - unit_target)') }} as contribution,
    cast(null as double) as value_before,
    weight as value_now
from weighted
