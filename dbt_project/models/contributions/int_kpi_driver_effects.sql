{{ config(materialized='view') }}
{% set keys = ['kpi', 'org_unit_id', 'grain', 'period_start', 'comparison'] %}
{% set most_factors = 4 %}
{% set related = driver_relations() %}

with

relations (kpi, relation, factors, driver_scale) as (
    values
    {% for kpi in related %}
    (
        {{ text_literal(kpi.name) }}, '{{ kpi.relation }}', {{ kpi.drivers | length }},
        cast({{ kpi.scale }} as double)
    ),
    {% endfor %}
    (null, null, null, null)
),

drivers (kpi, driver, position, driver_sign, adds_up) as (
    values
    {% for kpi in related %}
    {% for driver in kpi.drivers %}
    (
        {{ text_literal(kpi.name) }}, {{ text_literal(driver.name) }}, {{ driver.position }},
        {{ driver.sign }}, {{ driver.adds_up | lower }}
    ),
    {% endfor %}
    {% endfor %}
    (null, null, null, null, null)
),

comparisons as (select * from {{ ref('int_kpi_comparisons') }}),

facts as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        kpi_value,
        numerator
    from {{ ref('int_kpi_values') }}
    where part_of is null and kpi in (select driver from drivers)
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

-- Each driver of the same unit, now and before; of one that adds up, nothing recorded is 0.
found as (
    select
        comparisons.{{ keys | join(',\n        comparisons.') }},
        relations.relation,
        relations.factors,
        relations.driver_scale,
        drivers.driver,
        drivers.position,
        drivers.driver_sign,
        case
            when drivers.adds_up then coalesce(cast(facts.numerator as decimal(38, 10)), 0)
            else {{ exact('facts.kpi_value') }}
        end as exact_now,
        case
            when comparisons.comparison = 'target' then {{ exact('targets.target') }}
            when drivers.adds_up then coalesce(cast(earlier.numerator as decimal(38, 10)), 0)
            else {{ exact('earlier.kpi_value') }}
        end as exact_before,
        -- A product of decimals would lose the digits of a small rate.
        case when drivers.adds_up then coalesce(facts.kpi_value, 0) else facts.kpi_value end as value_now,
        case
            when comparisons.comparison = 'target' then targets.target
            when drivers.adds_up then coalesce(earlier.kpi_value, 0)
            else earlier.kpi_value
        end as value_before,
        comparisons.comparison = 'target' and targets.target is null as is_untargeted
    from comparisons
    inner join relations on comparisons.kpi = relations.kpi
    inner join drivers on comparisons.kpi = drivers.kpi
    left join facts
        on
            drivers.driver = facts.kpi
            and comparisons.org_unit_id = facts.org_unit_id
            and comparisons.grain = facts.grain
            and comparisons.period_start = facts.period_start
    left join facts as earlier
        on
            drivers.driver = earlier.kpi
            and comparisons.org_unit_id = earlier.org_unit_id
            and comparisons.grain = earlier.grain
            and comparisons.compared_with = earlier.period_start
    left join targets
        on
            comparisons.comparison = 'target'
            and drivers.driver = targets.kpi
            and comparisons.org_unit_id = targets.org_unit_id
            and comparisons.grain = targets.grain
            and comparisons.period_start = targets.period_start
),

-- A rate that has no value (nothing was sold) did not change: the factor beside it went to 0.
known as (
    select
        *,
        coalesce(value_now, value_before, 0) as factor_now,
        coalesce(value_before, value_now, 0) as factor_before
    from found
),

side_by_side as (
    select
        {{ keys | join(',\n        ') }},
        {% for position in range(1, most_factors + 1) %}
        max(case when position = {{ position }} then factor_now end) as now{{ position }},
        max(case when position = {{ position }} then factor_before end) as before{{ position }},
        {% endfor %}
        max(case when is_untargeted then 1 else 0 end) as untargeted
    from known
    group by {{ keys | join(', ') }}
),

computed as (
    select
        known.*,
        known.driver_scale * case
            {% for factors in range(2, most_factors + 1) %}
            {% for position in range(1, factors + 1) %}
            when known.relation = 'product' and known.factors = {{ factors }} and known.position = {{ position }}
                then {{ shapley('product', factors, position) }}
            {% endfor %}
            {% endfor %}
            {% for position in [1, 2] %}
            when known.relation = 'ratio' and known.position = {{ position }}
                then {{ shapley('ratio', 2, position) }}
            {% endfor %}
        end as shapley_value
    from known
    inner join side_by_side
        on
            known.kpi = side_by_side.kpi
            and known.org_unit_id = side_by_side.org_unit_id
            and known.grain = side_by_side.grain
            and known.period_start = side_by_side.period_start
            and known.comparison = side_by_side.comparison
    -- Against target only where every driver has one too.
    where side_by_side.untargeted = 0
)

select
    {{ keys | join(',\n    ') }},
    driver as contributor,
    'total' as effect,
    case
        when relation = 'sum' and driver_sign < 0 then coalesce(exact_before, 0) - coalesce(exact_now, 0)
        when relation = 'sum' then coalesce(exact_now, 0) - coalesce(exact_before, 0)
        else {{ exact('shapley_value') }}
    end as contribution,
    value_before,
    value_now
from computed
