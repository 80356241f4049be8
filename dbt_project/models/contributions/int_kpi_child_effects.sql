{{ config(materialized='view') }}
{% set keys = ['kpi', 'org_unit_id', 'grain', 'period_start', 'comparison'] %}

with

comparisons as (
    select * from {{ ref('int_kpi_comparisons') }}
    where parts is not null and comparison <> 'target'
),

parts as (select * from {{ ref('int_kpi_parts') }}),

sides as (
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        parts.child_id,
        parts.numerator as numerator_now,
        parts.denominator as denominator_now,
        0 as numerator_before,
        0 as denominator_before
    from comparisons
    inner join parts
        on
            comparisons.kpi = parts.kpi
            and comparisons.org_unit_id = parts.org_unit_id
            and comparisons.grain = parts.grain
            and comparisons.period_start = parts.period_start
    union all
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        parts.child_id,
        0 as numerator_now,
        0 as denominator_now,
        parts.numerator as numerator_before,
        parts.denominator as denominator_before
    from comparisons
    inner join parts
        on
            comparisons.kpi = parts.kpi
            and comparisons.org_unit_id = parts.org_unit_id
            and comparisons.grain = parts.grain
            and comparisons.compared_with = parts.period_start
),

children as (
    select
        {{ keys | join(',\n        ') }},
        child_id as contributor,
        sum(numerator_now) as numerator_now,
        sum(denominator_now) as denominator_now,
        sum(numerator_before) as numerator_before,
        sum(denominator_before) as denominator_before
    from sides
    group by {{ keys | join(', ') }}, child_id
),

covered as (
    select
        {{ keys | join(',\n        ') }},
        sum(numerator_now) as numerator_now,
        sum(denominator_now) as denominator_now,
        sum(numerator_before) as numerator_before,
        sum(denominator_before) as denominator_before
    from children
    group by {{ keys | join(', ') }}
),

-- What is counted as distinct is in several children at once, and a lowest or highest is no sum:
-- the difference between the unit and all of its children is a contributor of its own.
not_covered as (
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        '(overlap)' as contributor,
        comparisons.numerator - covered.numerator_now as numerator_now,
        coalesce(comparisons.denominator, 0) - covered.denominator_now as denominator_now,
        comparisons.numerator_before - covered.numerator_before as numerator_before,
        coalesce(comparisons.denominator_before, 0) - covered.denominator_before as denominator_before
    from comparisons
    inner join covered
        on
            comparisons.kpi = covered.kpi
            and comparisons.org_unit_id = covered.org_unit_id
            and comparisons.grain = covered.grain
            and comparisons.period_start = covered.period_start
            and comparisons.comparison = covered.comparison
),

contributors as (
    select * from children
    union all
    select * from not_covered
    where
        numerator_now <> 0
        or denominator_now <> 0
        or numerator_before <> 0
        or denominator_before <> 0
),

-- Rates, weights and parts of the unit's value; a contributor without a denominator has no rate.
weighted as (
    select
        comparisons.parts,
        contributors.*,
        (comparisons.kpi_value + comparisons.kpi_value_before) / 2 as reference,
        cast(contributors.numerator_now as double)
        / nullif(cast(contributors.denominator_now as double), 0) as rate_now,
        cast(contributors.numerator_before as double)
        / nullif(cast(contributors.denominator_before as double), 0) as rate_before,
        cast(contributors.denominator_now as double) / cast(comparisons.denominator as double) as weight_now,
        cast(contributors.denominator_before as double)
        / cast(comparisons.denominator_before as double) as weight_before,
        cast(contributors.numerator_now as double) / cast(comparisons.denominator as double)
        - cast(contributors.numerator_before as double)
        / cast(comparisons.denominator_before as double) as part_change
    from contributors
    inner join comparisons
        on
            contributors.kpi = comparisons.kpi
            and contributors.org_unit_id = comparisons.org_unit_id
            and contributors.grain = comparisons.grain
            and contributors.period_start = comparisons.period_start
            and contributors.comparison = comparisons.comparison
),

-- Griliches and Regev (1995, "Firm productivity in Israeli industry"): a change of the rate at the
-- mean weight, and a change of weight at the distance of the mean rate from the unit's mean value.
-- One that appears or vanishes has a change of weight only.
rated as (
    select
        *,
        coalesce((weight_now + weight_before) / 2 * (rate_now - rate_before), 0) as rate_effect,
        part_change - reference * (weight_now - weight_before) as both_effects
    from weighted
    where parts = 'ratio'
)

select
    {{ keys | join(',\n    ') }},
    contributor,
    'total' as effect,
    cast(numerator_now - numerator_before as decimal(38, 10)) as contribution,
    cast(numerator_before as double) as value_before,
    cast(numerator_now as double) as value_now
from weighted
where parts = 'sum'
union all
select
    {{ keys | join(',\n    ') }},
    contributor,
    'rate' as effect,
    {{ exact('rate_effect') }} as contribution,
    rate_before as value_before,
    rate_now as value_now
from rated
union all
select
    {{ keys | join(',\n    ') }},
    contributor,
    'mix' as effect,
    {{ exact('both_effects - rate_effect') }} as contribution,
    weight_before as value_before,
    weight_now as value_now
from rated
