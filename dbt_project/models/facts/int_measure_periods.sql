{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'grain', 'period_start'],
) }}
{% set of_parts = measures_of_parts() %}

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
{% endif %}

-- The unit itself and everything above it on the day it was attributed; the project beside them;
-- and apart, what every unit on the way did for the one it hung under that day.
placed as (
    select
        days.measure,
        days.aggregation,
        days.measure_date,
        paths.ancestor_id as org_unit_id,
        days.entity,
        days.measure_value,
        days.row_count,
        false as is_part,
        days.build
    from days
    inner join {{ ref('int_org_paths') }} as paths
        on
            days.org_unit_id = paths.leaf_id
            and days.team_id = paths.parent_id
            and days.attributed_on between paths.valid_from and paths.valid_to
    union all
    select
        days.measure,
        days.aggregation,
        days.measure_date,
        parts.part_id as org_unit_id,
        days.entity,
        days.measure_value,
        days.row_count,
        true as is_part,
        days.build
    from days
    inner join {{ ref('int_org_paths') }} as paths
        on
            days.org_unit_id = paths.leaf_id
            and days.team_id = paths.parent_id
            and days.attributed_on between paths.valid_from and paths.valid_to
    inner join {{ ref('int_org_parts') }} as parts
        on paths.ancestor_id = parts.parent_id and paths.child_id = parts.child_id
    union all
    select
        measure,
        aggregation,
        measure_date,
        project_id as org_unit_id,
        entity,
        measure_value,
        row_count,
        false as is_part,
        build
    from days
    where row_count > 0
    union all
    select
        measure,
        aggregation,
        measure_date,
        '' as org_unit_id,
        entity,
        measure_value,
        row_count,
        false as is_part,
        build
    from days
    where row_count = 0
)

{% for grain in grains() %}
{% for aggregation in ['sum', 'min', 'max', 'count_distinct'] %}
select
    placed.measure,
    '{{ aggregation }}' as aggregation,
    '{{ grain }}' as grain,
    {{ period_start(grain, 'placed.measure_date') }} as period_start,
    placed.org_unit_id,
    cast(
        {%- if aggregation == 'count_distinct' %}
        count(distinct nullif(placed.entity, ''))
        {%- else %}
        {{ aggregation }}(placed.measure_value)
        {%- endif %} as decimal(28, 4)
    ) as measure_value,
    cast(sum(placed.row_count) as decimal(28, 4)) as row_count,
    min(placed.measure_date) as first_date,
    cast(max(placed.build) as bigint) as build
from placed
where
    placed.aggregation = '{{ aggregation }}'
    and (not placed.is_part or {{ of_parts[grain] }})
    {% if is_incremental() %}
    and (placed.measure, {{ period_start(grain, 'placed.measure_date') }}) in (
        select
            measure,
            {{ period_start(grain, 'measure_date') }}
        from changed_days
    )
    {% endif %}
group by 1, 4, 5
{{ 'union all' if not loop.last }}
{% endfor %}
{{ 'union all' if not loop.last }}
{% endfor %}
