{{ config(materialized='table') }}
{% set keys = ['kpi', 'org_unit_id', 'grain', 'period_start', 'comparison'] %}

with

comparisons as (select * from {{ ref('int_kpi_comparisons') }}),

effects as (
    {% for relation in ['child', 'target', 'driver'] %}
    select
        {{ keys | join(',\n        ') }},
        '{{ "driver_kpi" if relation == "driver" else "child_unit" }}' as contributor_type,
        contributor,
        effect,
        coalesce(contribution, 0) as contribution,
        value_before,
        value_now
    from {{ ref('int_kpi_' ~ relation ~ '_effects') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

sums as (
    select
        {{ keys | join(',\n        ') }},
        contributor_type,
        sum(contribution) as contribution,
        sum(abs(contribution)) as moved,
        count(*) as contributors
    from effects
    group by {{ keys | join(', ') }}, contributor_type
),

-- What products and quotients lose in their last digit is less than this; anything else that is
-- missing is no rounding.
missing as (
    select
        comparisons.*,
        sums.contributor_type,
        comparisons.change_total - sums.contribution as contribution,
        sums.contributors * 1e-10
        + 1e-12 * cast(sums.moved + abs(comparisons.exact_value) + abs(comparisons.exact_value_before) as double)
        >= abs(comparisons.change_total - sums.contribution) as is_rounding
    from comparisons
    inner join sums
        on
            comparisons.kpi = sums.kpi
            and comparisons.org_unit_id = sums.org_unit_id
            and comparisons.grain = sums.grain
            and comparisons.period_start = sums.period_start
            and comparisons.comparison = sums.comparison
),

ranked as (
    select
        *,
        row_number() over (
            partition by {{ keys | join(', ') }}, contributor_type
            order by abs(contribution) desc, contributor asc, effect asc
        ) as size_rank
    from effects
),

completed as (
    select
        {{ keys | join(',\n        ') }},
        contributor_type,
        contributor,
        effect,
        contribution,
        value_before,
        value_now,
        size_rank
    from ranked
    union all
    select
        {{ keys | join(',\n        ') }},
        contributor_type,
        '(remainder)' as contributor,
        'total' as effect,
        contribution,
        cast(null as double) as value_before,
        cast(null as double) as value_now,
        0 as size_rank
    from missing
    where not is_rounding
),

rounded as (
    select
        completed.kpi,
        completed.org_unit_id,
        completed.grain,
        completed.period_start,
        missing.period_end,
        completed.comparison,
        missing.compared_with,
        completed.contributor_type,
        completed.contributor,
        completed.effect,
        cast(
            completed.contribution
            + case when missing.is_rounding and completed.size_rank = 1 then missing.contribution else 0 end
            as decimal(38, 10)
        ) as contribution,
        cast(missing.change_total as decimal(38, 10)) as change_total,
        completed.value_before,
        completed.value_now,
        missing.is_complete
    from completed
    inner join missing
        on
            completed.contributor_type = missing.contributor_type
            and completed.kpi = missing.kpi
            and completed.org_unit_id = missing.org_unit_id
            and completed.grain = missing.grain
            and completed.period_start = missing.period_start
            and completed.comparison = missing.comparison
)

select
    kpi,
    org_unit_id,
    grain,
    period_start,
    period_end,
    comparison,
    compared_with,
    contributor_type,
    contributor,
    effect,
    contribution,
    change_total,
    cast(contribution as double) / nullif(cast(change_total as double), 0) as share_of_change,
    value_before,
    value_now,
    is_complete
from rounded
where contribution <> 0
