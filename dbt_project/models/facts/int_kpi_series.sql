-- One row is one KPI of one unit, or of a unit as a part of the one above it (part_of):
-- from its first record to as far as its sources are known.
{{ config(materialized='table') }}
{% set kpis = kpi_metrics() %}

with

kpi_measures (kpi, measure) as (
    values
    {% for kpi in kpis %}
    {% for input in kpi.inputs %}
    ({{ text_literal(kpi.name) }}, {{ text_literal(input.key) }}),
    {% endfor %}
    {% endfor %}
    (null, null)
),

kpi_connectors (kpi, connector) as (
    values
    {% for kpi in kpis %}
    {% for connector in kpi.connectors or ['organisation'] %}
    ({{ text_literal(kpi.name) }}, {{ text_literal(connector) }}),
    {% endfor %}
    {% endfor %}
    (null, null)
),

covered as (
    select
        connector,
        max(covers_until) as covers_until
    from {{ ref('fct_source_freshness') }}
    group by connector
),

latest as (select max(covers_until) as covers_until from covered),

-- A KPI is known as far as the slowest of the sources it needs; one without a load is not needed.
-- One that needs the organisation's own files only is known as far as anything is.
watermarks as (
    select
        kpi_connectors.kpi,
        coalesce(min(covered.covers_until), max(latest.covers_until)) as data_as_of
    from kpi_connectors
    cross join latest
    left join covered on kpi_connectors.connector = covered.connector
    where kpi_connectors.kpi is not null
    group by kpi_connectors.kpi
),

measure_periods as (
    select * from {{ ref('int_measure_periods') }}
    where row_count > 0 and org_unit_id <> ''
),

-- A series begins with the first record of its unit and goes on without gaps: a period in which
-- nothing happened is a fact too.
first_dates as (
    select
        kpi_measures.kpi,
        measure_periods.org_unit_id,
        min(measure_periods.first_date) as first_date
    from measure_periods
    inner join kpi_measures on measure_periods.measure = kpi_measures.measure
    where measure_periods.grain = 'year'
    group by kpi_measures.kpi, measure_periods.org_unit_id
),

unit_ends as (
    select
        ancestor_id as org_unit_id,
        max(valid_to) as last_date
    from {{ ref('int_org_paths') }}
    group by ancestor_id
),

series as (
    select
        first_dates.kpi,
        first_dates.org_unit_id,
        parts.parent_id as part_of,
        first_dates.first_date,
        watermarks.data_as_of,
        least(
            watermarks.data_as_of, coalesce(unit_ends.last_date, watermarks.data_as_of)
        ) as last_date
    from first_dates
    inner join watermarks on first_dates.kpi = watermarks.kpi
    left join unit_ends on first_dates.org_unit_id = unit_ends.org_unit_id
    -- A part has no end: what a unit did for the one above it stays in that one's windows of days.
    left join {{ ref('int_org_parts') }} as parts on first_dates.org_unit_id = parts.part_id
    where first_dates.first_date <= watermarks.data_as_of
)

select * from series
