{# ISO 8601 calendar parts: Monday is 1, week 1 holds the year's first Thursday. #}
{% macro iso_week(date) %}{{ return(adapter.dispatch('iso_week', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_week(date) %}extract(week from {{ date }}){% endmacro %}

{% macro iso_year(date) %}{{ return(adapter.dispatch('iso_year', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_year(date) %}extract(isoyear from {{ date }}){% endmacro %}
{% macro spark__iso_year(date) %}extract(yearofweek from {{ date }}){% endmacro %}

{% macro iso_weekday(date) %}{{ return(adapter.dispatch('iso_weekday', 'koers')(date)) }}{% endmacro %}
{% macro default__iso_weekday(date) %}extract(isodow from {{ date }}){% endmacro %}
{% macro spark__iso_weekday(date) %}extract(dayofweek_iso from {{ date }}){% endmacro %}

{#
  The first day of the period of that grain that a date is in. Quarters and years are those of the
  fiscal year, which begins in the month that koers.yaml says (fiscal_year_starts; 1 is January).
#}
{% macro period_start(grain, date) -%}
{%- set later = (env_var('KOERS_FISCAL_YEAR_STARTS', '1') | int - 1) % (3 if grain == 'quarter' else 12) -%}
{%- if grain == 'day' -%}
cast({{ date }} as date)
{%- elif grain in ('quarter', 'year') and later -%}
cast({{ dbt.dateadd('month', later, dbt.date_trunc(grain, dbt.dateadd('month', -later, date))) }} as date)
{%- else -%}
cast({{ dbt.date_trunc(grain, date) }} as date)
{%- endif -%}
{%- endmacro %}

{# The last day of the period of that grain that begins on a date. #}
{% macro period_end(grain, start) -%}
cast({{ dbt.dateadd('day', -1, dbt.dateadd(grain, 1, start)) }} as date)
{%- endmacro %}

{% macro text_literal(value) -%}
{%- if value is none -%}cast(null as string){%- else -%}{{ quoted_text(value | string) }}{%- endif -%}
{%- endmacro %}

{% macro text_list(values) -%}
{%- for value in values %}{{ text_literal(value) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro quoted_text(text) %}{{ return(adapter.dispatch('quoted_text', 'koers')(text)) }}{% endmacro %}
{% macro default__quoted_text(text) %}{{ return("'" ~ (text | replace("'", "''")) ~ "'") }}{% endmacro %}
{% macro spark__quoted_text(text) %}
  {{ return(koers.default__quoted_text(text | replace('\\', '\\\\'))) }}
{% endmacro %}

{# A row, date_day, for each day from the first up to, but not on, the last. #}
{% macro every_day(first, until) %}{{ return(adapter.dispatch('every_day', 'koers')(first, until)) }}{% endmacro %}
{% macro default__every_day(first, until) %}{{ return(dbt.date_spine('day', first, until)) }}{% endmacro %}
{# dbt's own joins fifteen relations of two rows, which takes Spark a minute to plan. #}
{% macro spark__every_day(first, until) %}
select explode(sequence({{ first }}, date_sub({{ until }}, 1))) as date_day
{% endmacro %}
