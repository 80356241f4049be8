{{ config(materialized='table') }}

with

days as (
    {{ every_day("cast('2000-01-01' as date)", "cast('2051-01-01' as date)") }}
),

dated as (select cast(date_day as date) as date_day from days)

select
    date_day,
    cast(extract(year from date_day) as integer) as year_number,
    cast(extract(quarter from date_day) as integer) as quarter_number,
    cast(extract(month from date_day) as integer) as month_number,
    cast(extract(day from date_day) as integer) as day_of_month,
    cast({{ iso_week('date_day') }} as integer) as iso_week_number,
    cast({{ iso_year('date_day') }} as integer) as iso_year_number,
    cast({{ iso_weekday('date_day') }} as integer) as iso_weekday_number,
    cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
    cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
    cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start,
    cast({{ dbt.date_trunc('year', 'date_day') }} as date) as year_start,
    {{ period_start('quarter', 'date_day') }} as fiscal_quarter_start,
    {{ period_start('year', 'date_day') }} as fiscal_year_start
from dated
