{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'grain', 'period_start'],
    post_hook=["{{ write_other_batches() }}", "{{ remember_marks() }}", "{{ forget_passed() }}"],
) }}
{% set builds_seen = note_builds(['int_measure_days']) %}
{% set measures = measure_keys() %}
{% set batch = of_this_batch(measures, 'select count(*) from ' ~ ref('int_measure_days')) %}
{% set of_parts = measures_of_parts() %}
{# From the days everything is added up step by step, so that no day is looked at once for each grain. #}
{% set made_of = {'week': 'day', 'month': 'day', 'quarter': 'month', 'year': 'quarter'} %}
{# ... and from those that are here already. #}
{% set kept = ['month', 'quarter'] if is_incremental() else [] %}

with

days as (
    select * from {{ ref('int_measure_days') }}
    {% if batch | length < measures | length %}
    where measure in ({{ text_list(batch) }})
    {% endif %}
),

{% if is_incremental() %}
changed_days as (
    select distinct
        measure,
        measure_date
    from days
    where build > {{ builds_seen.int_measure_days }}
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

-- Quarters and years are added up from months that are here already; what is counted once is not.
{% for name, whole, condition in [('touched_days', 'month', '<>'), ('touched_things', 'year', '=')] %}
{{ name }} as (
    select days.*
    from days
    where
        days.aggregation {{ condition }} 'count_distinct'
        and (
            {% for grain in [whole, 'week'] %}
            (days.measure, {{ period_start(grain, 'days.measure_date') }}) in (
                select
                    measure,
                    period_start
                from touched
                where grain = '{{ grain }}'
            )
            {{ 'or' if not loop.last }}
            {% endfor %}
        )
),

{% endfor %}
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
{% if smaller in kept %}
-- Those that are touched, and beside them those that are as they were.
{{ smaller }}s_of_{{ grain }}s as (
    select by_{{ smaller }}.*
    from by_{{ smaller }}
    inner join touched
        on
            touched.grain = '{{ smaller }}'
            and by_{{ smaller }}.measure = touched.measure
            and by_{{ smaller }}.period_start = touched.period_start
    union all
    select
        known.measure,
        known.aggregation,
        known.org_unit_id,
        known.is_part,
        known.period_start,
        known.measure_value,
        known.row_count,
        known.first_date,
        known.build
    from {{ this }} as known
    inner join touched
        on
            touched.grain = '{{ grain }}'
            and known.measure = touched.measure
            and {{ period_start(grain, 'known.period_start') }} = touched.period_start
    left join touched as touched_{{ smaller }}s
        on
            touched_{{ smaller }}s.grain = '{{ smaller }}'
            and known.measure = touched_{{ smaller }}s.measure
            and known.period_start = touched_{{ smaller }}s.period_start
    where
        known.grain = '{{ smaller }}'
        and known.aggregation <> 'count_distinct'
        and touched_{{ smaller }}s.measure is null
),

{% endif %}
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
    from {{ smaller ~ 's_of_' ~ grain ~ 's' if smaller in kept else 'by_' ~ smaller }}
    group by measure, aggregation, org_unit_id, is_part, {{ period_start(grain, 'period_start') }}
),

{% endfor %}
-- What is counted once in a period, however many days it is seen on, does not add up.
things as (
    {{ on_units('touched_things' if is_incremental() else 'days', "aggregation = 'count_distinct'") }}
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
        is_part,
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
