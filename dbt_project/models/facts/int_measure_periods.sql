{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'grain', 'period_start'],
) }}
{% set of_parts = measures_of_parts() %}
{# From the days everything is added up step by step, so that no day is looked at once for each grain. #}
{% set made_of = {'week': 'day', 'month': 'day', 'quarter': 'month', 'year': 'quarter'} %}

with

days as (select * from {{ ref('int_measure_days') }}),

{% if is_incremental() %}
changed_days as (
    select distinct
        measure,
        measure_date
    from days
    where build > (select coalesce(max(build), 0) from {{ this }})
),

touched as (
    {% for grain in grains() %}
    select distinct
        measure,
        '{{ grain }}' as grain,
        {{ period_start(grain, 'measure_date') }} as period_start
    from changed_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- All days of the periods that are touched: a year holds its months and quarters, not all its weeks.
touched_days as (
    select days.*
    from days
    where
        (days.measure, {{ period_start('year', 'days.measure_date') }}) in (
            select
                measure,
                period_start
            from touched
            where grain = 'year'
        )
        or (days.measure, {{ period_start('week', 'days.measure_date') }}) in (
            select
                measure,
                period_start
            from touched
            where grain = 'week'
        )
),
{% endif %}

placed as (
    {{ on_units('touched_days' if is_incremental() else 'days', "aggregation <> 'count_distinct'") }}
),

by_day as (
    select
        measure,
        aggregation,
        org_unit_id,
        is_part,
        measure_date as period_start,
        {{ added_up('aggregation', 'measure_value') }} as measure_value,
        cast(sum(row_count) as decimal(28, 4)) as row_count,
        measure_date as first_date,
        max(build) as build
    from placed
    group by measure, aggregation, org_unit_id, is_part, measure_date
),

{% for grain, smaller in made_of.items() %}
by_{{ grain }} as (
    select
        measure,
        aggregation,
        org_unit_id,
        is_part,
        {{ period_start(grain, 'period_start') }} as period_start,
        {{ added_up('aggregation', 'measure_value') }} as measure_value,
        cast(sum(row_count) as decimal(28, 4)) as row_count,
        min(first_date) as first_date,
        max(build) as build
    from by_{{ smaller }}
    group by measure, aggregation, org_unit_id, is_part, {{ period_start(grain, 'period_start') }}
),

{% endfor %}
-- What is counted once in a period, however many days it is seen on, does not add up.
things as (
    {{ on_units('touched_days' if is_incremental() else 'days', "aggregation = 'count_distinct'") }}
),

{% for grain in grains() %}
things_by_{{ grain }} as (
    select
        measure,
        aggregation,
        org_unit_id,
        is_part,
        {{ period_start(grain, 'measure_date') }} as period_start,
        cast(count(distinct nullif(entity, '')) as decimal(28, 4)) as measure_value,
        cast(sum(row_count) as decimal(28, 4)) as row_count,
        min(measure_date) as first_date,
        max(build) as build
    from things
    group by measure, aggregation, org_unit_id, is_part, {{ period_start(grain, 'measure_date') }}
),

{% endfor %}
found as (
    {% for grain in grains() %}
    {% for relation in ['by_' ~ grain, 'things_by_' ~ grain] %}
    select
        measure,
        aggregation,
        '{{ grain }}' as grain,
        period_start,
        org_unit_id,
        measure_value,
        row_count,
        first_date,
        cast(build as bigint) as build
    from {{ relation }}
    -- Parts are there for what is explained by them.
    where not is_part or {{ of_parts[grain] }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from found
{% if is_incremental() %}
where (measure, grain, period_start) in (
    select
        measure,
        grain,
        period_start
    from touched
)
{% endif %}
