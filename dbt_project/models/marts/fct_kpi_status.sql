{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['kpi', 'grain', 'period_start'],
    on_schema_change='fail',
    post_hook=[
        "{{ write_other_batches() }}",
        "{{ drop_rows_outside_series() }}",
        "{{ remember_series() }}",
        "{{ remember_marks() }}",
    ],
) }}
{{ declare_dependencies(['int_kpi_values', 'int_kpi_series']) }}
{# By KPI, what a judgement follows from besides the rows. #}
{% set judged_by = {} %}
{% for kpi in kpi_metrics() %}
{% do judged_by.update({kpi.name: kpi.meta.direction ~ ', ' ~ kpi.cadence}) %}
{% endfor %}
{% set batch = of_this_batch(judged_by | list, 'select count(*) from ' ~ ref('fct_kpi_values')) %}
{% set before = marks_seen() %}
{% set builds_seen = note_builds(['int_kpi_values'], judged_by) %}
{% set target_columns = ['target', 'band_lower', 'band_upper', 'target_origin'] %}
{% set band_columns = [
    'process_band_lower', 'process_band_centre', 'process_band_upper', 'process_score', 'known_event'
] %}

with

kpi_values as (select * from {{ ref('fct_kpi_values') }}),

kpis as (
    select * from {{ ref('dim_kpi') }}
    {% if batch | length < judged_by | length %}
    where kpi in ({{ text_list(batch) }})
    {% endif %}
),

process_bands as (select * from {{ ref('int_process_bands') }}),

targeted as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        target,
        target - below as band_lower,
        target + above as band_upper,
        target_origin
    from {{ ref('int_kpi_targets') }}
),

{% if is_incremental() %}
-- Of these periods something came or changed: a value, a target, a process band, or the KPI itself.
touched as (
    select
        kpi,
        grain,
        period_start
    from {{ ref('int_kpi_values') }}
    where build > {{ builds_seen.int_kpi_values }} and part_of is null
    union
    select
        known.kpi,
        known.grain,
        known.period_start
    from {{ this }} as known
    left join targeted
        on {{ same_fact('known', 'targeted') }}
    where
        known.target_origin is not null
        and (
            {% for column in target_columns %}
            known.{{ column }} is distinct from targeted.{{ column }}
            {{ 'or' if not loop.last }}
            {% endfor %}
        )
    union
    select
        known.kpi,
        known.grain,
        known.period_start
    from {{ this }} as known
    inner join targeted
        on {{ same_fact('known', 'targeted') }}
    where known.target_origin is null
    union
    select
        known.kpi,
        known.grain,
        known.period_start
    from {{ this }} as known
    inner join kpis on known.kpi = kpis.kpi and known.grain = kpis.cadence
    left join process_bands
        on {{ same_fact('known', 'process_bands') }}
    where
        known.is_closed
        and (
            known.process_status is distinct from coalesce(process_bands.process_status, 'no_data')
            {% for column in band_columns %}
            or known.{{ column }} is distinct from process_bands.{{ column }}
            {% endfor %}
        )
    {% for name, mark in judged_by.items() if before.get(name) != mark %}
    union
    select distinct
        kpi,
        grain,
        period_start
    from kpi_values
    where kpi = {{ text_literal(name) }}
    {% endfor %}
),

-- From the first of them on a KPI is judged again, since how long a status lasts goes on from there.
since as (
    select
        kpi,
        grain,
        min(period_start) as first_start,
        case grain
            {% for grain in grains() %}
            when '{{ grain }}' then {{ period_start(grain, 'cast(min(period_start) - 1 as date)') }}
            {% endfor %}
        end as start_before
    from touched
    group by kpi, grain
),
{% endif %}

judged as (
    select
        kpi_values.*,
        targeted.target,
        targeted.band_lower,
        targeted.band_upper,
        targeted.target_origin,
        kpis.direction,
        case
            when not kpi_values.is_closed then 'not_closed'
            when not {{ is_finite('kpi_values.kpi_value') }} or not kpi_values.is_complete then 'no_data'
            when targeted.target is null then 'no_target'
            when kpi_values.kpi_value < targeted.band_lower then 'off_course'
            when kpi_values.kpi_value > targeted.band_upper then 'off_course'
            else 'on_course'
        end as status,
        process_bands.process_band_lower,
        process_bands.process_band_centre,
        process_bands.process_band_upper,
        -- At the cadence of the KPI only: that is where it is judged.
        case
            when kpi_values.grain <> kpis.cadence then null
            when not kpi_values.is_closed then 'not_closed'
            else coalesce(process_bands.process_status, 'no_data')
        end as process_status,
        process_bands.process_score,
        process_bands.known_event
    from kpi_values
    {% if is_incremental() %}
    inner join since
        on
            kpi_values.kpi = since.kpi
            and kpi_values.grain = since.grain
            and kpi_values.period_start >= since.first_start
    {% endif %}
    inner join kpis on kpi_values.kpi = kpis.kpi
    left join process_bands
        on {{ same_fact('kpi_values', 'process_bands') }}
    left join targeted
        on {{ same_fact('kpi_values', 'targeted') }}
),

-- How long the period before the ones that are judged has had its status; of the very first none.
carried as (
    {% if is_incremental() %}
    select
        known.kpi,
        known.org_unit_id,
        known.grain,
        known.status,
        known.streak
    from {{ this }} as known
    inner join since
        on
            known.kpi = since.kpi
            and known.grain = since.grain
            and known.period_start = since.start_before
    {% else %}
    select
        kpi,
        org_unit_id,
        grain,
        cast(null as string) as status,
        cast(null as bigint) as streak
    from kpi_values
    where false
    {% endif %}
),

numbered as (
    select
        judged.*,
        row_number() over so_far as period_number,
        lag(judged.status) over so_far as status_before,
        case when judged.status = carried.status then coalesce(carried.streak, 0) else 0 end as streak_before
    from judged
    left join carried
        on
            judged.kpi = carried.kpi
            and judged.org_unit_id = carried.org_unit_id
            and judged.grain = carried.grain
    window so_far as (partition by judged.kpi, judged.org_unit_id, judged.grain order by judged.period_start)
),

-- How many periods in a row have had the status that a period has: as many as since it began.
runs as (
    select
        *,
        period_number - max(
            case
                when period_number = 1 then 1 - streak_before
                when status is distinct from status_before then period_number
            end
        ) over (
            partition by kpi, org_unit_id, grain
            order by period_start
            rows between unbounded preceding and current row
        ) + 1 as run_length
    from numbered
)

select
    kpi,
    org_unit_id,
    grain,
    period_start,
    period_end,
    numerator,
    denominator,
    kpi_value,
    sample_size,
    is_closed,
    is_complete,
    data_as_of,
    definition_version,
    target,
    band_lower,
    band_upper,
    process_band_lower,
    process_band_centre,
    process_band_upper,
    status,
    case
        when kpi_value < band_lower then kpi_value - band_lower
        when kpi_value > band_upper then kpi_value - band_upper
        when kpi_value is not null and target is not null then 0
    end as deviation,
    cast(case when is_closed then run_length end as bigint) as streak,
    {{ attainment('direction', 'kpi_value', 'target', 'band_lower', 'band_upper') }} as attainment,
    target_origin,
    process_status,
    process_score,
    known_event
from runs
