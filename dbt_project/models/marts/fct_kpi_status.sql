{{ config(materialized='table') }}

with

kpi_values as (select * from {{ ref('fct_kpi_values') }}),

kpis as (select * from {{ ref('dim_kpi') }}),

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
    inner join kpis on kpi_values.kpi = kpis.kpi
    left join process_bands
        on
            kpi_values.kpi = process_bands.kpi
            and kpi_values.org_unit_id = process_bands.org_unit_id
            and kpi_values.grain = process_bands.grain
            and kpi_values.period_start = process_bands.period_start
    left join targeted
        on
            kpi_values.kpi = targeted.kpi
            and kpi_values.org_unit_id = targeted.org_unit_id
            and kpi_values.grain = targeted.grain
            and kpi_values.period_start = targeted.period_start
),

numbered as (
    select
        *,
        row_number() over so_far as period_number,
        lag(status) over so_far as status_before
    from judged
    window so_far as (partition by kpi, org_unit_id, grain order by period_start)
),

-- How many periods in a row have had the status that a period has: as many as since it began.
runs as (
    select
        *,
        period_number - max(
            case when status is distinct from status_before then period_number end
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
