{# The series as they were when a model of facts was last written: a table of int_kpi_series, with the
   versions of their KPIs, by model. #}
{% macro seen_series() %}{{ return(target.schema ~ '.seen_series') }}{% endmacro %}

{% macro keep_series() %}
{% if target.type != 'spark' %}
create table if not exists {{ seen_series() }} (
    model varchar, kpi varchar, org_unit_id varchar, part_of varchar, first_date date, last_date date,
    definition_version varchar
)
{% endif %}
{% endmacro %}

{# Post-hooks are in the transaction that writes the facts. #}
{% macro remember_series() %}
{% if execute and internal_table_exists('seen_series') %}
delete from {{ seen_series() }} where model = '{{ this.identifier }}';
insert into {{ seen_series() }}
select
    '{{ this.identifier }}', series.kpi, series.org_unit_id, series.part_of, series.first_date, series.last_date,
    kpis.definition_version
from {{ ref('int_kpi_series') }} as series
inner join (
    values
    {% for kpi in kpi_metrics() %}
    ({{ text_literal(kpi.name) }}, {{ text_literal(kpi.version) }}),
    {% endfor %}
    (null, null)
) as kpis (kpi, definition_version) on series.kpi = kpis.kpi
{% endif %}
{% endmacro %}

{#
  A row whose series ended, or began later than was thought, is no fact any more. Rewriting touched
  periods cannot remove the last row of one, so this does.
#}
{% macro drop_rows_outside_series() %}
{% if is_incremental() %}
delete from {{ this }} as known
where
    (kpi, org_unit_id) in (
        select seen.kpi, seen.org_unit_id
        from {{ seen_series() }} as seen
        left join {{ ref('int_kpi_series') }} as series
            on
                seen.kpi = series.kpi
                and seen.org_unit_id = series.org_unit_id
                and seen.first_date >= series.first_date
                and seen.last_date <= series.last_date
        where seen.model = '{{ this.identifier }}' and series.kpi is null
    )
    and not exists (
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

{# Whether rows of two relations are of one fact: a KPI of a unit in a period. #}
{% macro same_fact(one, other) -%}
{%- for column in ['kpi', 'org_unit_id', 'grain', 'period_start'] -%}
{{ one }}.{{ column }} = {{ other }}.{{ column }}{{ ' and ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}
