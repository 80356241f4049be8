{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['kpi', 'grain', 'period_start'],
    post_hook="{{ drop_rows_outside_series() }}",
) }}
{% set kpis = kpi_metrics() %}

with

kpis (kpi, numerator, denominator, is_running, definition_version) as (
    values
    {% for kpi in kpis %}
    (
        {{ text_literal(kpi.name) }}, {{ text_literal(kpi.numerator) }},
        {{ text_literal(kpi.denominator) }}, {{ kpi.running | lower }},
        {{ text_literal(kpi.version) }}
    ){{ ',' if not loop.last }}
    {% else %}
    (null, null, null, null, null)
    {% endfor %}
),

measure_periods as (
    select * from {{ ref('int_measure_periods') }}
    where row_count > 0 and org_unit_id <> ''
),

series as (select * from {{ ref('int_kpi_series') }}),

coverage as (
    select
        kpi,
        min(first_date) as first_date,
        max(data_as_of) as data_as_of
    from series
    group by kpi
),

periods as (
    {% for grain in grains() %}
    select distinct
        '{{ grain }}' as grain,
        cast({{ dbt.date_trunc(grain, 'date_day') }} as date) as period_start,
        {{ period_end(grain, dbt.date_trunc(grain, 'date_day')) }} as period_end
    from {{ ref('dim_date') }}
    where
        date_day between (select min(first_date) from series)
        and (select max(last_date) from series)
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% if is_incremental() %}
known_series as (
    select
        kpi,
        org_unit_id,
        min(period_start) as first_date,
        max(period_start) as last_date
    from {{ this }}
    where grain = 'day'
    group by kpi, org_unit_id
),

-- From which day on a KPI must be written again because a series came, went, grew or shrank.
moved_series as (
    select
        coalesce(series.kpi, known_series.kpi) as kpi,
        min(
            case
                when series.first_date is distinct from known_series.first_date
                    then least(
                        coalesce(series.first_date, known_series.first_date),
                        coalesce(known_series.first_date, series.first_date)
                    )
                else least(series.last_date, known_series.last_date)
            end
        ) as since
    from series
    full outer join known_series
        on series.kpi = known_series.kpi and series.org_unit_id = known_series.org_unit_id
    where
        series.first_date is distinct from known_series.first_date
        or series.last_date is distinct from known_series.last_date
    group by coalesce(series.kpi, known_series.kpi)
),

redefined as (
    select distinct known.kpi
    from {{ this }} as known
    inner join kpis on known.kpi = kpis.kpi
    where known.definition_version <> kpis.definition_version
),

changed_periods as (
    select distinct
        measure,
        grain,
        period_start
    from {{ ref('int_measure_periods') }}
    where build > (select coalesce(max(build), 0) from {{ this }})
),

first_changes as (
    select
        measure,
        grain,
        min(period_start) as period_start
    from changed_periods
    group by measure, grain
),

touched as (
    select
        kpis.kpi,
        changed_periods.grain,
        changed_periods.period_start
    from changed_periods
    inner join kpis on changed_periods.measure in (kpis.numerator, kpis.denominator)
    where not kpis.is_running
    union
    select
        kpis.kpi,
        periods.grain,
        periods.period_start
    from kpis
    inner join periods on true
    left join moved_series on kpis.kpi = moved_series.kpi
    left join redefined on kpis.kpi = redefined.kpi
    left join first_changes as changed
        on kpis.is_running and kpis.numerator = changed.measure and periods.grain = changed.grain
    where
        periods.period_end >= moved_series.since
        or redefined.kpi is not null
        or periods.period_start >= changed.period_start
),
{% endif %}

dense as (
    select
        series.kpi,
        series.org_unit_id,
        series.last_date,
        periods.grain,
        periods.period_start,
        periods.period_end,
        kpis.numerator,
        kpis.denominator,
        kpis.is_running,
        kpis.definition_version
    from series
    inner join kpis on series.kpi = kpis.kpi
    inner join periods
        on series.first_date <= periods.period_end and series.last_date >= periods.period_start
    {% if is_incremental() %}
    where
        kpis.is_running
        or (series.kpi, periods.grain, periods.period_start) in (
            select
                kpi,
                grain,
                period_start
            from touched
        )
    {% endif %}
),

measured as (
    select
        dense.*,
        coalesce(numerators.measure_value, 0) as period_numerator,
        coalesce(numerators.row_count, 0) as numerator_rows,
        coalesce(denominators.measure_value, 0) as period_denominator,
        greatest(coalesce(numerators.build, 0), coalesce(denominators.build, 0)) as build
    from dense
    left join measure_periods as numerators
        on
            dense.numerator = numerators.measure
            and dense.org_unit_id = numerators.org_unit_id
            and dense.grain = numerators.grain
            and dense.period_start = numerators.period_start
    left join measure_periods as denominators
        on
            dense.denominator = denominators.measure
            and dense.org_unit_id = denominators.org_unit_id
            and dense.grain = denominators.grain
            and dense.period_start = denominators.period_start
),

summed as (
    select
        *,
        case
            when is_running then sum(period_numerator) over running_total
            else period_numerator
        end as numerator_value,
        case
            when is_running then sum(numerator_rows) over running_total
            else numerator_rows
        end as rows_value
    from measured
    window
        running_total as (
            partition by kpi, org_unit_id, grain
            order by period_start
            rows between unbounded preceding and current row
        )
)

select
    summed.kpi,
    summed.org_unit_id,
    summed.grain,
    summed.period_start,
    summed.period_end,
    cast(summed.numerator_value as decimal(28, 4)) as numerator,
    cast(
        case when summed.denominator is not null then summed.period_denominator end
        as decimal(28, 4)
    ) as denominator,
    case
        when summed.denominator is null then cast(summed.numerator_value as double)
        when summed.period_denominator <> 0
            then
                cast(summed.numerator_value as double) / cast(summed.period_denominator as double)
    end as kpi_value,
    cast(summed.rows_value as bigint) as sample_size,
    summed.period_end <= coverage.data_as_of as is_closed,
    summed.period_end <= coverage.data_as_of
    and summed.period_start >= coverage.first_date
    and summed.period_end <= summed.last_date as is_complete,
    least(summed.period_end, coverage.data_as_of) as data_as_of,
    summed.definition_version,
    cast(
        (select coalesce(max(build), 0) from {{ ref('int_measure_periods') }}) as bigint
    ) as build
from summed
inner join coverage on summed.kpi = coverage.kpi
{% if is_incremental() %}
where (summed.kpi, summed.grain, summed.period_start) in (
    select
        kpi,
        grain,
        period_start
    from touched
)
{% endif %}
