{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'grain', 'period_start'],
) }}

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

-- The unit itself and everything above it on the day it was attributed; the project beside them.
placed as (
    select
        days.measure,
        days.measure_date,
        paths.ancestor_id as org_unit_id,
        days.measure_value,
        days.row_count,
        days.build
    from days
    inner join {{ ref('int_org_paths') }} as paths
        on
            days.org_unit_id = paths.leaf_id
            and days.attributed_on between paths.valid_from and paths.valid_to
    union all
    select
        measure,
        measure_date,
        project_id as org_unit_id,
        measure_value,
        row_count,
        build
    from days
    where row_count > 0
    union all
    select
        measure,
        measure_date,
        '' as org_unit_id,
        measure_value,
        row_count,
        build
    from days
    where row_count = 0
)

{% for grain in grains() %}
select
    placed.measure,
    '{{ grain }}' as grain,
    cast({{ dbt.date_trunc(grain, 'placed.measure_date') }} as date) as period_start,
    placed.org_unit_id,
    cast(sum(placed.measure_value) as decimal(28, 4)) as measure_value,
    cast(sum(placed.row_count) as bigint) as row_count,
    min(placed.measure_date) as first_date,
    cast(max(placed.build) as bigint) as build
from placed
{% if is_incremental() %}
where (placed.measure, cast({{ dbt.date_trunc(grain, 'placed.measure_date') }} as date)) in (
    select
        measure,
        cast({{ dbt.date_trunc(grain, 'measure_date') }} as date)
    from changed_days
)
{% endif %}
group by 1, 3, 4
{% if not loop.last %}union all{% endif %}
{% endfor %}
