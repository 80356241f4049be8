{{ config(materialized='table') }}

with

kpi_values as (select * from {{ ref('fct_kpi_values') }}),

kpis as (select * from {{ ref('dim_kpi') }}),

targets as (select * from {{ ref('kpi_targets') }}),

process_bands as (select * from {{ ref('int_process_bands') }}),

cadences as (
    select
        kpi,
        cadence
    from kpis
),

-- The target in force on the last day of the period; where two overlap, the later agreement.
targeted as (
    select
        kpi_values.kpi,
        kpi_values.org_unit_id,
        kpi_values.grain,
        kpi_values.period_start,
        cast(targets.target as double) as target,
        cast(coalesce(targets.tolerance_lower, kpis.tolerance_lower) as double) as below,
        cast(coalesce(targets.tolerance_upper, kpis.tolerance_upper) as double) as above,
        coalesce(targets.tolerance_type, kpis.tolerance_type) as tolerance_type,
        kpis.direction
    from kpi_values
    inner join kpis on kpi_values.kpi = kpis.kpi
    inner join targets
        on
            kpi_values.kpi = targets.kpi
            and kpi_values.org_unit_id = targets.org_unit_id
            and kpi_values.grain = targets.grain
            and kpi_values.period_end between targets.valid_from and targets.valid_to
    qualify
        row_number() over (
            partition by
                kpi_values.kpi,
                kpi_values.org_unit_id,
                kpi_values.grain,
                kpi_values.period_start
            order by targets.valid_from desc, targets.target desc
        ) = 1
),

-- Only the side that hurts has an edge: more revenue than agreed is not off course.
banded as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        target,
        case
            when direction in ('higher', 'within')
                then
                    target
                    - coalesce(below, 0)
                    * case when tolerance_type = 'absolute' then 1 else abs(target) end
        end as band_lower,
        case
            when direction in ('lower', 'within')
                then
                    target
                    + coalesce(above, 0)
                    * case when tolerance_type = 'absolute' then 1 else abs(target) end
        end as band_upper
    from targeted
),

judged as (
    select
        kpi_values.*,
        banded.target,
        banded.band_lower,
        banded.band_upper,
        case
            when not kpi_values.is_closed then 'not_closed'
            when kpi_values.kpi_value is null or not kpi_values.is_complete then 'no_data'
            when banded.target is null then 'no_target'
            when kpi_values.kpi_value < banded.band_lower then 'off_course'
            when kpi_values.kpi_value > banded.band_upper then 'off_course'
            else 'on_course'
        end as status,
        process_bands.process_band_lower,
        process_bands.process_band_centre,
        process_bands.process_band_upper,
        -- At the cadence of the KPI only: that is where it is judged.
        case
            when kpi_values.grain <> cadences.cadence then null
            when not kpi_values.is_closed then 'not_closed'
            else coalesce(process_bands.process_status, 'no_data')
        end as process_status,
        process_bands.process_score,
        process_bands.known_event
    from kpi_values
    inner join cadences on kpi_values.kpi = cadences.kpi
    left join process_bands
        on
            kpi_values.kpi = process_bands.kpi
            and kpi_values.org_unit_id = process_bands.org_unit_id
            and kpi_values.grain = process_bands.grain
            and kpi_values.period_start = process_bands.period_start
    left join banded
        on
            kpi_values.kpi = banded.kpi
            and kpi_values.org_unit_id = banded.org_unit_id
            and kpi_values.grain = banded.grain
            and kpi_values.period_start = banded.period_start
),

runs as (
    select
        *,
        row_number() over (
            partition by kpi, org_unit_id, grain order by period_start
        ) - row_number() over (
            partition by kpi, org_unit_id, grain, status order by period_start
        ) as run_number
    from judged
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
    cast(case
        when is_closed
            then row_number() over (
                partition by kpi, org_unit_id, grain, status, run_number order by period_start
            )
    end as bigint) as streak,
    case when target <> 0 then kpi_value / target end as attainment,
    process_status,
    process_score,
    known_event
from runs
