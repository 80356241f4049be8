{{ config(materialized='table') }}

with

kpis (kpi, grain, parts) as (
    values
    {% for kpi in kpi_metrics() %}
    {% for grain in explained_grains(kpi.cadence) %}
    ({{ text_literal(kpi.name) }}, '{{ grain }}', {{ text_literal(kpi.parts) }}),
    {% endfor %}
    {% endfor %}
    (null, null, null)
),

-- A sum is exact in its numerator; the value beside it is a double.
valued as (
    select
        facts.kpi,
        facts.org_unit_id,
        facts.grain,
        facts.period_start,
        facts.period_end,
        kpis.parts,
        facts.numerator,
        facts.denominator,
        facts.kpi_value,
        case
            when kpis.parts = 'sum' then cast(facts.numerator as decimal(38, 10))
            else {{ exact('facts.kpi_value') }}
        end as exact_value,
        facts.is_complete
    from {{ ref('int_kpi_values') }} as facts
    inner join kpis on facts.kpi = kpis.kpi and facts.grain = kpis.grain
    where facts.part_of is null and facts.is_closed and facts.kpi_value is not null
),

targets as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        target
    from {{ ref('fct_kpi_status') }}
    where target is not null
),

dated as (
    {% for comparison in ['previous_period', 'same_period_last_year'] %}
    select
        *,
        '{{ comparison }}' as comparison,
        {{ compared_start(comparison, 'grain', 'period_start') }} as compared_with
    from valued
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        dated.kpi,
        dated.org_unit_id,
        dated.grain,
        dated.period_start,
        dated.period_end,
        dated.comparison,
        dated.compared_with,
        dated.parts,
        dated.numerator,
        dated.denominator,
        dated.kpi_value,
        dated.exact_value,
        earlier.numerator as numerator_before,
        earlier.denominator as denominator_before,
        earlier.kpi_value as kpi_value_before,
        earlier.exact_value as exact_value_before,
        dated.is_complete and earlier.is_complete as is_complete
    from dated
    inner join valued as earlier
        on
            dated.kpi = earlier.kpi
            and dated.org_unit_id = earlier.org_unit_id
            and dated.grain = earlier.grain
            and dated.compared_with = earlier.period_start
    union all
    select
        valued.kpi,
        valued.org_unit_id,
        valued.grain,
        valued.period_start,
        valued.period_end,
        'target' as comparison,
        cast(null as date) as compared_with,
        valued.parts,
        valued.numerator,
        valued.denominator,
        valued.kpi_value,
        valued.exact_value,
        cast(null as decimal(28, 4)) as numerator_before,
        cast(null as decimal(28, 4)) as denominator_before,
        targets.target as kpi_value_before,
        {{ exact('targets.target') }} as exact_value_before,
        valued.is_complete
    from valued
    inner join targets
        on
            valued.kpi = targets.kpi
            and valued.org_unit_id = targets.org_unit_id
            and valued.grain = targets.grain
            and valued.period_start = targets.period_start
)

select
    *,
    exact_value - exact_value_before as change_total
from compared
where exact_value is not null and exact_value_before is not null
