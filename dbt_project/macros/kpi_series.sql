{#
  A row whose series ended, or began later than was thought, is no fact any more. Rewriting touched
  periods cannot remove the last row of one, so this does.
#}
{% macro drop_rows_outside_series() %}
{% if is_incremental() %}
delete from {{ this }} as known
where not exists (
    select 1
    from {{ ref('int_kpi_series') }} as series
    where
        known.kpi = series.kpi
        and known.org_unit_id = series.org_unit_id
        and known.period_end >= series.first_date
        and known.period_start <= series.last_date
)
{% endif %}
{% endmacro %}
