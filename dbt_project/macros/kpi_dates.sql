{# ISO 8601 calendar parts: Monday is 1, week 1 holds the year's first Thursday. #}
{% macro iso_week(date) %}{{ return(adapter.dispatch('iso_week', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_week(date) %}extract(week from {{ date }}){% endmacro %}

{% macro iso_year(date) %}{{ return(adapter.dispatch('iso_year', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_year(date) %}extract(isoyear from {{ date }}){% endmacro %}

{% macro iso_weekday(date) %}{{ return(adapter.dispatch('iso_weekday', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_weekday(date) %}extract(isodow from {{ date }}){% endmacro %}

{# The last day of the period of that grain that begins on a date. #}
{% macro period_end(grain, start) -%}
cast({{ dbt.dateadd('day', -1, dbt.dateadd(grain, 1, start)) }} as date)
{%- endmacro %}

{% macro text_literal(value) -%}
{%- if value is none -%}cast(null as varchar){%- else -%}'{{ value | string | replace("'", "''") }}'{%- endif -%}
{%- endmacro %}
